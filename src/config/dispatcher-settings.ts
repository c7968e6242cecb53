import { poolName, type PoolName } from '../domain/ids.ts';
import type { DispatcherSettings } from '../domain/settings.ts';
import type { RetryPolicy } from '../domain/task.ts';
import type { WrittenConfiguration, WrittenPool } from './configuration-schema.ts';
import { schedulingSettingsOf } from './scheduling-settings.ts';
import { retryOf } from './task-definition.ts';

/** The specification's defaults, in ms. */
const RETRY: RetryPolicy = {
  maxAttempts: 3,
  initialIntervalMs: 10_000,
  backoffBase: 2,
  maxIntervalMs: 300_000,
  jitter: 0.1,
};
const POLL_INTERVAL_MS = 5000;
const GLOBAL_LIMIT = 10;
const TIMEOUT_MS = 7_200_000;
const DEADLOCK_CHECK_MS = 60_000;
const HEARTBEAT_TIMEOUT_MS = 60_000;
const STALL_TIMEOUT_MS = 900_000;
const STOP_GRACE_MS = 30_000;
const USAGE_INTERVAL_MS = 10_000;
const SHUTDOWN_MS = 300_000;

/** The row of the mapping for tasks without a skill. */
const DEFAULT_ROW = 'default';

type WrittenPools = Readonly<Record<string, WrittenPool>>;

/** Rows as written, then, in the order of the pools, what they say of themselves by `skills:`. */
const skillRows = (written: WrittenConfiguration, pools: WrittenPools): ReadonlyMap<string, readonly PoolName[]> => {
  const rows = new Map(
    Object.entries(written.skill_mapping ?? {}).map(([skill, names]) => [skill, new Set(names.map(poolName))]),
  );
  for (const [pool, { skills }] of Object.entries(pools)) {
    for (const skill of skills ?? []) {
      const row = rows.get(skill) ?? new Set<PoolName>();
      row.add(poolName(pool));
      rows.set(skill, row);
    }
  }
  return new Map([...rows].map(([skill, row]) => [skill, [...row]]));
};

/**
 * What rules the dispatcher, with the defaults filled in. Slots are as many as the global limit;
 * without a `default` row every pool takes tasks without a skill.
 */
export const dispatcherSettingsOf = (
  written: WrittenConfiguration,
  pools: WrittenPools,
  absolute: (path: string) => string,
): DispatcherSettings => {
  const { dispatcher } = written;
  const rows = skillRows(written, pools);
  const globalLimit = dispatcher?.max_global_concurrency ?? GLOBAL_LIMIT;
  return {
    pollIntervalMs: dispatcher?.poll_interval ?? POLL_INTERVAL_MS,
    ...schedulingSettingsOf(dispatcher, absolute),
    maxGlobalConcurrency: globalLimit,
    slots: written.repo_pool?.slots ?? globalLimit,
    retry: { ...RETRY, ...retryOf(dispatcher?.retry) },
    deadlockCheckMs:
      dispatcher?.deadlock_detection?.enabled === false
        ? null
        : (dispatcher?.deadlock_detection?.check_interval ?? DEADLOCK_CHECK_MS),
    timeoutMs: dispatcher?.timeout ?? TIMEOUT_MS,
    heartbeatTimeoutMs: dispatcher?.heartbeat_timeout ?? HEARTBEAT_TIMEOUT_MS,
    stallTimeoutMs: dispatcher?.stall_timeout ?? STALL_TIMEOUT_MS,
    usageIntervalMs: dispatcher?.usage_interval ?? USAGE_INTERVAL_MS,
    stopGraceMs: dispatcher?.stop_grace ?? STOP_GRACE_MS,
    shutdown: {
      timeoutMs: dispatcher?.graceful_shutdown?.timeout ?? SHUTDOWN_MS,
      onShutdown: dispatcher?.graceful_shutdown?.on_shutdown ?? 'stop',
    },
    skillMapping: new Map([...rows].filter(([skill]) => skill !== DEFAULT_ROW)),
    defaultPools: rows.get(DEFAULT_ROW) ?? Object.keys(pools).map(poolName),
    strictSkills: dispatcher?.strict_skills ?? false,
    concurrencyKeys: new Map(Object.entries(written.concurrency_keys ?? {})),
  };
};
