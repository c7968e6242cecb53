import type { NewConfiguration, PoolOrder } from '../../machines/messages.ts';
import { poolActorId } from '../../machines/dispatcher/context.ts';
import { portError, type PortError } from '../domain/failures.ts';
import type { PoolName, TaskKey } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { PoolSettings } from '../domain/settings.ts';
import type { DispatcherActor } from '../runtime/dispatcher-actor.ts';
import type { Scheduler } from '../scheduling/scheduler.ts';

/** What the API asks of the dispatcher that it serves. */
export interface LiveDispatcher {
  readonly scheduler: Scheduler;
  phase(): 'starting' | 'running' | 'ending';
  /** Monotonic and wall time, ms. */
  times(): { readonly monotonic: number; readonly wall: number };
  /** Makes it look for what is new. */
  wake(): void;
  /** Stops the runner of a task that a person has cancelled. */
  cancel(key: TaskKey, reason: string): void;
  drain(actor: string): void;
  /** Pools, of which those that are to go are named until they have gone. */
  pools(): readonly PoolSettings[];
  /** From now on by this configuration; `unavailable` while it begins or ends. */
  configure(configuration: NewConfiguration): Result<null, PortError>;
  /** Returns once the order has been taken in, and what the scheduler knows of the pool is what it says. */
  order(pool: PoolName, order: PoolOrder): Result<null, PortError>;
}

/** Messages to the actor are carried out before `send` returns: whoever looks afterwards sees what came of them. */
export const liveDispatcher = (actor: DispatcherActor): LiveDispatcher => {
  const { scheduler, now, wall } = actor.getSnapshot().context;
  return {
    scheduler,
    phase: () => {
      const { value } = actor.getSnapshot();
      return value === 'starting' || value === 'running' ? value : 'ending';
    },
    times: () => ({ monotonic: now(), wall: wall() }),
    wake: () => actor.send({ type: 'registry.changed' }),
    cancel: (key, reason) => actor.send({ type: 'task.cancel', key, reason }),
    drain: (by) => actor.send({ type: 'drain.request', actor: by }),
    pools: () => actor.getSnapshot().context.pools,
    configure: (configuration) => {
      if (actor.getSnapshot().value !== 'running') {
        return err(portError('unavailable', 'the dispatcher begins or ends just now; try again in a moment'));
      }
      actor.send({ type: 'configuration.changed', ...configuration });
      return ok(null);
    },
    order: (pool, order) => {
      if (!(poolActorId(pool) in actor.getSnapshot().children)) {
        return err(portError('unavailable', `pool ${pool} does not take orders yet; try again in a moment`));
      }
      actor.send({ type: 'pool.order', pool, order });
      return ok(null);
    },
  };
};
