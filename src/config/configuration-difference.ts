import { isDeepStrictEqual } from 'node:util';
import type { DispatcherSettings, PoolSettings } from '../domain/settings.ts';
import type { Configuration } from './configuration.ts';

/** What a configuration that was read again says otherwise. Keys are as they are written. */
export interface ConfigurationDifference {
  /** Names of pools. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: Readonly<Record<string, readonly string[]>>;
  /** Of everything but pools. */
  readonly settings: readonly string[];
  /** Written differently, and of no effect before the next start. */
  readonly needsRestart: readonly string[];
}

/** Where the written key is not the name of the setting. */
const WRITTEN: Readonly<Record<string, string>> = {
  shutdown: 'graceful_shutdown',
  defaultPools: 'skill_mapping',
  schedulingPolicy: 'scheduling_policy',
  policyModule: 'scheduling_policy',
  usesPriority: 'priority.enabled',
  ageingPerMs: 'priority.ageing',
  fairShareHalfLifeMs: 'fair_share.half_life',
  defaultResources: 'config.resources',
  engine: 'config',
  command: 'config.command',
  env: 'config.env',
};

/** A queue cannot be weighed by a module that is not loaded, nor a slot made or taken back while it is lent. */
const FIXED_SETTINGS: ReadonlySet<string> = new Set(['slots', 'policyModule']);

const written = (name: string): string =>
  WRITTEN[name] ?? name.replace(/Ms$/, '').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const changedKeys = (before: object, after: object): readonly string[] => {
  const old = new Map(Object.entries(before));
  return Object.entries(after).flatMap(([name, value]) => (isDeepStrictEqual(old.get(name), value) ? [] : [name]));
};

const byName = (pools: readonly PoolSettings[]): ReadonlyMap<string, PoolSettings> =>
  new Map(pools.map((pool) => [pool.name, pool]));

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];

/**
 * What is different in `after`, and the configuration that can be put into force while `before` is: where
 * the two cannot be told apart by a running dispatcher's means, what was stays.
 */
export const configurationDifference = (
  before: Configuration,
  after: Configuration,
): { readonly difference: ConfigurationDifference; readonly effective: Configuration } => {
  const [old, now] = [byName(before.pools), byName(after.pools)];
  const needsRestart: string[] = [];
  if (!isDeepStrictEqual(before.registry, after.registry)) needsRestart.push('registry');
  if (before.stateDir !== after.stateDir) needsRestart.push('state_dir');
  if (!isDeepStrictEqual(before.repoPool, after.repoPool)) needsRestart.push('repo_pool');
  if (!isDeepStrictEqual(before.server, after.server)) needsRestart.push('server');
  const keys = changedKeys(before.dispatcher, after.dispatcher);
  if (keys.includes('policyModule')) needsRestart.push('scheduling_policy');
  const kept: Partial<DispatcherSettings> = {
    slots: before.dispatcher.slots,
    ...(keys.includes('policyModule')
      ? { policyModule: before.dispatcher.policyModule, schedulingPolicy: before.dispatcher.schedulingPolicy }
      : {}),
  };
  const pools = after.pools.map((pool) => {
    const known = old.get(pool.name);
    if (known === undefined || known.engine.type === pool.engine.type) return pool;
    needsRestart.push(`agent_pools.${pool.name}.type`);
    return known;
  });
  const changed = pools.flatMap((pool): readonly (readonly [string, readonly string[]])[] => {
    const known = old.get(pool.name);
    const different = known === undefined ? [] : changedKeys(known, pool);
    return different.length === 0 ? [] : [[pool.name, unique(different.map(written))]];
  });
  const effective: Configuration = { ...before, sources: after.sources, notes: after.notes, dispatcher: { ...after.dispatcher, ...kept }, pools };
  const settings = changedKeys(before.dispatcher, effective.dispatcher).filter((name) => !FIXED_SETTINGS.has(name));
  return {
    difference: {
      added: [...now.keys()].filter((name) => !old.has(name)),
      removed: [...old.keys()].filter((name) => !now.has(name)),
      changed: Object.fromEntries(changed),
      settings: unique(settings.map(written)),
      needsRestart,
    },
    effective,
  };
};
