import { poolName } from '../domain/ids.ts';
import type { BreakerSettings, PoolSettings } from '../domain/settings.ts';
import type { Resources } from '../domain/task.ts';
import type { WrittenPool } from './configuration-schema.ts';
import { engineFindings, engineSettingsOf, type EngineTerms } from './engine-settings.ts';
import type { Finding } from './finding.ts';
import { localProcessFindings } from './local-process-settings.ts';
import type { UserAccounts } from './user-accounts.ts';
import { retryOf } from './task-definition.ts';

const BREAKER: BreakerSettings = { failures: 5, cooldownMs: 30_000, healthIntervalMs: 30_000 };

/** What a task takes that says nothing, in a pool that counts: one core and half a gigabyte. */
const FALLBACK: Resources = { cpu: 1, memory: 512 };

/**
 * The request of a task that names nothing: what the pool says, else its limit, else, where a quota
 * is to be kept, a usual size that fits into it, else nothing.
 */
const requestOf = (
  byDefault: number | null | undefined,
  limit: number | null | undefined,
  quota: number | null | undefined,
  fallback: number,
): number => byDefault ?? limit ?? (quota == null ? 0 : Math.min(fallback, quota));

/**
 * One pool with its defaults filled in; `max_concurrency` that is not written is the global limit.
 *
 * @param terms how the configuration means paths and users, and the grace of a stop
 */
export const poolSettingsOf = (
  name: string,
  written: WrittenPool,
  globalLimit: number,
  terms: Omit<EngineTerms, 'requests'>,
): PoolSettings => {
  const resources = written.config?.resources;
  const requests = {
    cpu: requestOf(resources?.cpu_default, resources?.cpu_limit, written.cpu_quota, FALLBACK.cpu),
    memory: requestOf(resources?.memory_default, resources?.memory_limit, written.memory_quota, FALLBACK.memory),
  };
  return {
    name: poolName(name),
    engine: engineSettingsOf(written, { ...terms, requests }),
    enabled: written.enabled ?? true,
    maxConcurrency: written.max_concurrency ?? globalLimit,
    cpuQuota: written.cpu_quota ?? null,
    memoryQuota: written.memory_quota ?? null,
    defaultResources: requests,
    timeoutMs: written.timeout ?? null,
    stallTimeoutMs: written.stall_timeout ?? null,
    breaker: {
      failures: written.breaker?.failures ?? BREAKER.failures,
      cooldownMs: written.breaker?.cooldown ?? BREAKER.cooldownMs,
      // 0 switches it off.
      healthIntervalMs: (written.breaker?.health_interval ?? BREAKER.healthIntervalMs) || null,
    },
    retry: retryOf(written.retry),
    account: written.account ?? null,
    command: written.config?.command ?? null,
    env: written.config?.env ?? {},
  };
};

/** The pool of those who configure nothing: processes of this machine, no more than a laptop bears. */
export const DEFAULT_POOLS: Readonly<Record<string, WrittenPool>> = {
  local: { type: 'local-process', max_concurrency: 4 },
};

/** What does not fit together inside one pool. */
export const poolFindings = (name: string, written: WrittenPool, accounts: UserAccounts): readonly Finding[] => {
  const config = written.config;
  const findings: Finding[] = [...engineFindings(name, written), ...localProcessFindings(name, written, accounts)];
  for (const resource of ['cpu', 'memory'] as const) {
    const byDefault = config?.resources?.[`${resource}_default`];
    const limit = config?.resources?.[`${resource}_limit`];
    if (byDefault == null || limit == null || byDefault <= limit) continue;
    const mend = 'lower it, or raise the limit';
    findings.push({
      path: ['agent_pools', name, 'config', 'resources', `${resource}_default`],
      complaint: { kind: 'expected', what: `at most ${resource}_limit (${limit})`, mend },
    });
  }
  return findings;
};
