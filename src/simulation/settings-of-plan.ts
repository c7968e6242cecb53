import { poolName, specName, taskId, taskKey, type PoolName, type TaskKey } from '../domain/ids.ts';
import type { DispatcherSettings, PoolSettings } from '../domain/settings.ts';
import type { TaskDefinition, TaskSet } from '../domain/task.ts';
import type { PlannedTask, SimulationPlan } from './plan.ts';

/** Often enough that surveys fall among everything else. */
const DEADLOCK_CHECK_MS = 20_000;
const HOURS = 3_600_000;
const HEALTH_MS = 30_000;
/** By this exit code a runner says that it was throttled, without a word about when to go on. */
export const THROTTLED_EXIT = 69;

const skillMapping = ({ pools }: SimulationPlan): ReadonlyMap<string, readonly PoolName[]> => {
  const rows = new Map<string, PoolName[]>();
  for (const { name, skills } of pools) {
    for (const skill of skills) rows.set(skill, [...(rows.get(skill) ?? []), poolName(name)]);
  }
  return rows;
};

/** The dispatcher's settings, as a configuration file with this plan's values would have given them. */
export const settingsOf = (plan: SimulationPlan): DispatcherSettings => {
  const { settings, pools } = plan;
  return {
    pollIntervalMs: settings.pollMs,
    schedulingPolicy: settings.policy,
    policyModule: null,
    usesPriority: true,
    ageingPerMs: 0,
    fairShareHalfLifeMs: settings.halfLifeMs,
    maxPassedOver: settings.maxPassedOver,
    maxGlobalConcurrency: settings.globalLimit,
    slots: settings.slots,
    retry: {
      maxAttempts: settings.maxAttempts,
      initialIntervalMs: settings.initialIntervalMs,
      backoffBase: 2,
      maxIntervalMs: 60_000,
      jitter: settings.jitter,
    },
    deadlockCheckMs: DEADLOCK_CHECK_MS,
    timeoutMs: settings.timeoutMs,
    heartbeatTimeoutMs: settings.heartbeatMs,
    stallTimeoutMs: settings.stallMs,
    usageIntervalMs: 10_000,
    stopGraceMs: settings.stopGraceMs,
    shutdown: { timeoutMs: settings.shutdownMs, onShutdown: settings.onShutdown },
    skillMapping: skillMapping(plan),
    defaultPools: pools.map(({ name }) => poolName(name)),
    strictSkills: false,
    concurrencyKeys: new Map(Object.entries(settings.keyLimits)),
  };
};

export const poolsOf = ({ pools }: SimulationPlan): readonly PoolSettings[] =>
  pools.map(({ name, max, cpu, breaker, account }) => ({
    name: poolName(name),
    engine: { type: 'local-process' },
    enabled: true,
    maxConcurrency: max,
    cpuQuota: cpu,
    memoryQuota: null,
    defaultResources: { cpu: 1, memory: 256 },
    timeoutMs: null,
    stallTimeoutMs: null,
    breaker: { ...breaker, healthIntervalMs: HEALTH_MS },
    retry: { throttledExitCodes: [THROTTLED_EXIT] },
    account,
    command: null,
    env: {},
  }));

const keyOf = (set: string, id: string): TaskKey =>
  id.includes('/') ? (id as TaskKey) : taskKey(specName(set), taskId(id));

const definitionOf = (set: string, task: PlannedTask): TaskDefinition => ({
  id: taskId(task.id),
  title: task.id,
  description: '',
  dependencies: task.dependencies.map((id) => keyOf(set, id)),
  requiredSkill: task.skill,
  priority: task.priority,
  command: ['work'],
  env: {},
  resources: { cpu: task.cpu, memory: null },
  timeoutMs: null,
  stallTimeoutMs: null,
  retry: {},
  concurrencyKey: task.key,
  optional: task.optional,
  group: task.group,
  metadata: {},
});

export const taskSetOf = ({ set, maxConcurrency, weight, tasks }: SimulationPlan['submissions'][number]): TaskSet => ({
  name: specName(set),
  repo: null,
  weight,
  maxConcurrency,
  tasks: tasks.map((task) => definitionOf(set, task)),
  done: [],
});

/** Virtual time after healing within which everything must have come to its end, ms. */
export const patienceOf = ({ settings }: SimulationPlan): number =>
  12 * HOURS + 20 * (settings.timeoutMs + settings.stopGraceMs);
