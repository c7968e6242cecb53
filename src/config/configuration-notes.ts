import type { DispatcherSettings, PoolSettings } from '../domain/settings.ts';
import type { WrittenConfiguration } from './configuration-schema.ts';
import { confinementNotes } from './local-process-settings.ts';

/** Keys that are checked but do nothing yet, by their path. */
const WITHOUT_EFFECT: readonly (readonly string[])[] = [
  ['dispatcher', 'usage_interval'],
  ['dispatcher', 'deadlock_detection'],
];

const isThere = (written: unknown, path: readonly string[]): boolean => {
  let value = written;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return false;
    value = Object.entries(value).find(([name]) => name === key)?.[1];
  }
  return value != null;
};

const limitsNote = (dispatcher: DispatcherSettings, pools: readonly PoolSettings[]): readonly string[] => {
  const allowed = pools.filter((pool) => pool.enabled).reduce((sum, pool) => sum + pool.maxConcurrency, 0);
  const limits = [
    { value: allowed, name: 'the pools' },
    { value: dispatcher.maxGlobalConcurrency, name: 'max_global_concurrency' },
    { value: dispatcher.slots, name: 'repo_pool.slots' },
  ];
  const lowest = Math.min(...limits.map((limit) => limit.value));
  if (limits.every((limit) => limit.value === lowest)) return [];
  const winners = limits.filter((limit) => limit.value === lowest).map((limit) => limit.name);
  return [
    `pools allow ${allowed} runners, max_global_concurrency ${dispatcher.maxGlobalConcurrency}, ` +
      `repo_pool.slots ${dispatcher.slots}: at most ${lowest} run at once (${winners.join(' and ')})`,
  ];
};

const poolNotes = (pool: PoolSettings): readonly string[] => {
  const notes: string[] = [];
  if (!pool.enabled) notes.push(`pool ${pool.name} is disabled: nothing runs there until it is enabled`);
  const quotas = { cpu: pool.cpuQuota, memory: pool.memoryQuota };
  for (const resource of ['cpu', 'memory'] as const) {
    const quota = quotas[resource];
    const request = pool.defaultResources[resource];
    if (quota === null || request <= quota) continue;
    notes.push(
      `pool ${pool.name}: a task that names no ${resource} asks for ${request}, more than ` +
        `${resource}_quota ${quota}: only tasks that ask for less can run there`,
    );
  }
  return notes;
};

/** Keys of git slots, where slots are plain folders. */
const slotNotes = ({ repo_pool: written }: WrittenConfiguration): readonly string[] => {
  if ((written?.type ?? 'directory') !== 'directory') return [];
  return (['repo', 'base'] as const)
    .filter((key) => written?.[key] != null)
    .map((key) => `repo_pool.${key} has no effect while repo_pool.type is directory`);
};

/** What is allowed but may surprise, one line each. */
export const configurationNotes = (
  written: WrittenConfiguration,
  dispatcher: DispatcherSettings,
  pools: readonly PoolSettings[],
): readonly string[] => [
  ...limitsNote(dispatcher, pools),
  ...pools.flatMap(poolNotes),
  ...WITHOUT_EFFECT.filter((path) => isThere(written, path)).map(
    (path) => `${path.join('.')} is accepted, but has no effect yet`,
  ),
  ...slotNotes(written),
  ...pools.flatMap(({ name, engine }) =>
    engine.type === 'local-process' ? confinementNotes(name, engine, written.repo_pool?.type === 'git-worktree') : [],
  ),
];
