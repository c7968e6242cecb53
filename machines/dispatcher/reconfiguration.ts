import type { PoolName } from '../../src/domain/ids.ts';
import type { PoolSettings } from '../../src/domain/settings.ts';
import type { PoolInput } from '../agent-pool/context.ts';
import type { NewConfiguration, PoolOrder } from '../messages.ts';
import type { DispatcherContext } from './context.ts';

/** What a pool's actor is made with. */
export const poolInput = (
  { settings, scheduler, telemetry, now, wall, runnerLogic }: Omit<DispatcherContext, 'pools'>,
  pool: PoolSettings,
): PoolInput => ({
  settings: pool,
  terms: {
    pool: pool.name,
    timeoutMs: pool.timeoutMs ?? settings.timeoutMs,
    stopGraceMs: settings.stopGraceMs,
    throttleMs: () => scheduler.ledger.throttles.delayMs(pool.name, wall()),
    telemetry,
    now,
    wall,
  },
  runnerLogic,
});

/** A pool that goes on, and what it is told. */
interface Kept {
  readonly settings: PoolSettings;
  /** `null`: it stays as it is, perhaps as a person has said. */
  readonly order: PoolOrder | null;
}

/** What a new configuration means for the pools there are. */
export interface PoolSteps {
  readonly added: readonly PoolSettings[];
  readonly kept: readonly Kept[];
  /** Not configured any more. */
  readonly leaving: readonly PoolSettings[];
}

/** A person's order outlives a reload, unless that what it overrode is written differently now. */
const kept = (context: DispatcherContext, before: PoolSettings, after: PoolSettings, actor: string): Kept => {
  const present = context.scheduler.ledger.maxConcurrencyOf(after.name);
  const isResized = after.maxConcurrency === before.maxConcurrency;
  const settings = { ...after, maxConcurrency: isResized ? present : after.maxConcurrency };
  // One that was to go and is named again begins anew.
  if (before.enabled === after.enabled && !context.retiring.has(after.name)) return { settings, order: null };
  const reason = 'by the configuration';
  return { settings, order: after.enabled ? { type: 'pool.enable', actor } : { type: 'pool.disable', actor, reason } };
};

export const poolSteps = (context: DispatcherContext, { pools, actor }: NewConfiguration): PoolSteps => {
  const known = new Map(context.pools.map((pool) => [pool.name, pool]));
  const named = new Set(pools.map(({ name }) => name));
  return {
    added: pools.filter(({ name }) => !known.has(name)),
    kept: pools.flatMap((after) => {
      const before = known.get(after.name);
      return before === undefined ? [] : [kept(context, before, after, actor)];
    }),
    leaving: context.pools.filter(({ name }) => !named.has(name)),
  };
};

/** Pools that are to go and hold nothing any more. */
export const emptyLeavers = ({ retiring, scheduler }: DispatcherContext): readonly PoolName[] =>
  [...retiring].filter((name) => scheduler.ledger.use(name).running === 0);
