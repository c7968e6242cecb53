import { DOCKER_DEFAULTS, type EngineSettings } from '../domain/engine-settings.ts';
import type { PoolSettings } from '../domain/settings.ts';
import type { RunnerHandle } from '../ports/launcher.ts';
import type { OpenAttempt } from '../ports/task-registry.ts';

/** The engine that has what a handle names: any pool's that is of its kind. */
const engineLeft = (handle: RunnerHandle | null, configured: readonly PoolSettings[]): EngineSettings => {
  const type = handle?.kind === 'container' ? 'docker' : handle?.kind === 'job' ? 'kubernetes' : 'local-process';
  const same = configured.find(({ engine }) => engine.type === type)?.engine;
  return same ?? (type === 'docker' ? { ...DOCKER_DEFAULTS, image: '' } : { type: 'local-process' });
};

/** Pools that only an open attempt still names: they take nothing, and see what they have to its end. */
export const retiredPools = (configured: readonly PoolSettings[], open: readonly OpenAttempt[]): readonly PoolSettings[] => {
  const known = new Set(configured.map(({ name }) => name));
  const names = new Set(open.map(({ attempt }) => attempt.pool).filter((name) => !known.has(name)));
  return [...names].map((name) => ({
    name,
    engine: engineLeft(open.find(({ attempt }) => attempt.pool === name)?.attempt.handle ?? null, configured),
    enabled: false,
    maxConcurrency: 0,
    cpuQuota: null,
    memoryQuota: null,
    defaultResources: { cpu: 0, memory: 0 },
    timeoutMs: null,
    stallTimeoutMs: null,
    breaker: { failures: 5, cooldownMs: 30_000, healthIntervalMs: null },
    retry: {},
    account: null,
    command: null,
    env: {},
  }));
};
