import type { PoolName } from '../../src/domain/ids.ts';
import type { DispatcherSettings, PoolSettings } from '../../src/domain/settings.ts';
import type { ReadyTask } from '../../src/domain/task.ts';
import { Scheduler, type Assignment } from '../../src/scheduling/scheduler.ts';
import type { SchedulingPolicy } from '../../src/scheduling/scheduling-policy.ts';
import { REGISTRY } from '../model/samples.ts';

export interface Start {
  readonly task: ReadyTask;
  readonly pool: PoolName;
  /** Virtual ms. */
  readonly at: number;
  readonly until: number;
}

interface Running extends Assignment {
  readonly until: number;
}

export interface VirtualRun {
  readonly settings: DispatcherSettings;
  readonly pools: readonly PoolSettings[];
  readonly policy?: SchedulingPolicy;
  /** Tasks by the virtual ms at which they become ready. */
  readonly arrivals: readonly { readonly at: number; readonly task: ReadyTask }[];
  readonly durationMs: (task: ReadyTask) => number;
  readonly untilMs: number;
}

/** The scheduler alone in virtual time: what it starts when, each task running as long as it says. */
export const virtualRun = ({ settings, pools, policy, arrivals, durationMs, untilMs }: VirtualRun): readonly Start[] => {
  const scheduler = new Scheduler(settings, pools, REGISTRY, policy ?? null);
  const toCome = arrivals.toSorted((a, b) => a.at - b.at);
  const starts: Start[] = [];
  let live: Running[] = [];
  let come = 0;
  for (let now = 0; now <= untilMs; ) {
    for (let next = toCome[come]; next !== undefined && next.at <= now; next = toCome[come]) {
      scheduler.add(next.task, 0, now);
      come += 1;
    }
    for (const ended of live.filter(({ until }) => until <= now)) scheduler.release(ended.task.key, ended.runnerId, true, now);
    live = live.filter(({ until }) => until > now);
    for (const one of scheduler.plan(now)) {
      const until = now + durationMs(one.task);
      live.push({ ...one, until });
      starts.push({ task: one.task, pool: one.pool, at: now, until });
    }
    const next = Math.min(toCome[come]?.at ?? Number.POSITIVE_INFINITY, ...live.map(({ until }) => until));
    if (next === Number.POSITIVE_INFINITY) break;
    now = next;
  }
  return starts;
};
