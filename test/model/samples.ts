import { definition } from '../definition.ts';
import { poolName, registryId, runnerId, slotId, specName, taskId, taskKey, type RunnerId } from '../../src/domain/ids.ts';
import type { ObservedExit } from '../../src/domain/outcome.ts';
import type { DispatcherSettings, PoolSettings } from '../../src/domain/settings.ts';
import type { ReadyTask, TaskDefinition } from '../../src/domain/task.ts';
import type { RunnerHandle } from '../../src/ports/launcher.ts';
import type { Slot } from '../../src/ports/repo-pool.ts';
import type { Claim, OpenAttempt, SettleReport } from '../../src/ports/task-registry.ts';
import { WALL_ZERO } from '../../src/simulation/virtual-clock.ts';

/** Plain values as they come in normal life; a test names only what it is about. */

export const REGISTRY = registryId('a1b2c3d4-0000-4000-8000-000000000000');
export const LOCAL = poolName('local');

export const readyTask = (id: string, rest: Partial<ReadyTask> = {}): ReadyTask => ({
  key: taskKey(rest.spec ?? specName('app'), taskId(id)),
  spec: specName('app'),
  requiredSkill: null,
  priority: 0,
  position: 1,
  cpu: null,
  memory: null,
  concurrencyKey: null,
  specMaxConcurrency: null,
  specWeight: 1,
  fence: 0,
  notBefore: null,
  readyAt: WALL_ZERO,
  ...rest,
});

export const slot = (id = 'slot-1'): Slot => ({ id: slotId(id), path: `/slots/${id}`, branch: null });

export const claimOf = (task: ReadyTask, rest: Partial<TaskDefinition> = {}): Claim => ({
  key: task.key,
  attempt: task.fence + 1,
  definition: definition(task.key.slice(task.key.indexOf('/') + 1), rest),
  repo: null,
  previous: [],
});

export const handleOf = (id: RunnerId = runnerId('runner-1')): RunnerHandle => ({
  kind: 'process',
  runnerId: id,
  pid: 4711,
  startTime: '1',
  bootId: 'boot',
  runDir: `/runs/${id}`,
});

export const exitOf = (exitCode: number | null, rest: Partial<ObservedExit> = {}): ObservedExit => ({
  exitCode,
  signal: null,
  at: WALL_ZERO,
  result: null,
  ...rest,
});

export const reportOf = (taskState: SettleReport['taskState'], rest: Partial<SettleReport> = {}): SettleReport => ({
  taskState,
  reason: null,
  notBefore: null,
  news: false,
  throttledUntil: null,
  ...rest,
});

export const openAttempt = (task: ReadyTask, id: RunnerId, rest: Partial<OpenAttempt['attempt']> = {}): OpenAttempt => {
  const { definition: defined, repo, previous, attempt } = claimOf(task);
  return {
    key: task.key,
    fence: attempt,
    attempt: {
      attempt,
      runnerId: id,
      pool: LOCAL,
      slotId: slot().id,
      slotPath: slot().path,
      runDir: `/old/${id}`,
      handle: null,
      claimedAt: WALL_ZERO,
      startedAt: WALL_ZERO,
      endedAt: null,
      end: null,
      reason: null,
      counted: false,
      ...rest,
    },
    definition: defined,
    repo,
    previous,
    task,
    cancelReason: null,
  };
};

export const poolSettings = (rest: Partial<PoolSettings> = {}): PoolSettings => ({
  name: LOCAL,
  engine: { type: 'local-process' },
  enabled: true,
  maxConcurrency: 4,
  cpuQuota: null,
  memoryQuota: null,
  defaultResources: { cpu: 1, memory: 256 },
  timeoutMs: null,
  stallTimeoutMs: null,
  breaker: { failures: 3, cooldownMs: 30_000, healthIntervalMs: null },
  retry: {},
  account: null,
  command: null,
  env: {},
  ...rest,
});

export const settings = (rest: Partial<DispatcherSettings> = {}): DispatcherSettings => ({
  pollIntervalMs: 5000,
  schedulingPolicy: 'priority',
  policyModule: null,
  usesPriority: true,
  ageingPerMs: 0,
  fairShareHalfLifeMs: 604_800_000,
  maxPassedOver: 10,
  maxGlobalConcurrency: 8,
  slots: 8,
  retry: { maxAttempts: 3, initialIntervalMs: 10_000, backoffBase: 2, maxIntervalMs: 300_000, jitter: 0 },
  deadlockCheckMs: null,
  timeoutMs: 7_200_000,
  heartbeatTimeoutMs: 60_000,
  stallTimeoutMs: 900_000,
  usageIntervalMs: 10_000,
  stopGraceMs: 30_000,
  shutdown: { timeoutMs: 300_000, onShutdown: 'stop' },
  skillMapping: new Map(),
  defaultPools: [LOCAL],
  strictSkills: false,
  concurrencyKeys: new Map(),
  ...rest,
});
