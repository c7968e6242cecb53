import type { EngineSettings } from './engine-settings.ts';
import type { PoolName } from './ids.ts';
import type { Resources, RetrySettings } from './task.ts';

/** When a pool whose launches keep failing, or whose engine is not well, is taken out, and for how long. */
export interface BreakerSettings {
  /** Launch failures in a row, or health checks, that trip it; at least 1. */
  readonly failures: number;
  /** How long it rests before it is probed. */
  readonly cooldownMs: number;
  /** Between two health checks while it is enabled; `null`: none. */
  readonly healthIntervalMs: number | null;
}

/** One agent pool as configured. Times in ms, memory in MB, CPU in cores. */
export interface PoolSettings {
  readonly name: PoolName;
  readonly engine: EngineSettings;
  readonly enabled: boolean;
  readonly maxConcurrency: number;
  /** Upper bounds of the sums of requests; `null`: no bound. */
  readonly cpuQuota: number | null;
  readonly memoryQuota: number | null;
  /** What a task requests that names nothing itself. */
  readonly defaultResources: Resources;
  /** Longest run time of one attempt; `null` takes the dispatcher's. */
  readonly timeoutMs: number | null;
  /** After so long without a sign of work an attempt is stopped; `null` takes the dispatcher's. */
  readonly stallTimeoutMs: number | null;
  readonly breaker: BreakerSettings;
  /** Over the dispatcher's, and under what a task says itself. */
  readonly retry: Partial<RetrySettings>;
  /** Pools that name the same account are throttled together; `null`: on its own. */
  readonly account: string | null;
  /** argv for tasks that name no command; may hold `{{task.title}}` and the like. */
  readonly command: readonly string[] | null;
  readonly env: Readonly<Record<string, string>>;
}

export const POLICIES = ['fifo', 'priority', 'skill-based', 'fair-share'] as const;
export type PolicyName = (typeof POLICIES)[number];

/** In which order waiting tasks are taken. Times in ms. */
export interface SchedulingSettings {
  /** `custom`: what the module {@link SchedulingSettings.policyModule} says. */
  readonly schedulingPolicy: PolicyName | 'custom';
  /** Absolute path; `null` unless the policy is `custom`. */
  readonly policyModule: string | null;
  /** False: order of submission where priority would decide. */
  readonly usesPriority: boolean;
  /** Priority that a task gains per ms of being ready; 0: none. */
  readonly ageingPerMs: number;
  /** Time after which what a set has used counts half, for `fair-share`. */
  readonly fairShareHalfLifeMs: number;
  /** Starts behind it that a task at the head which does not fit bears, until a pool is kept for it; infinite: any number. */
  readonly maxPassedOver: number;
}

/** What rules the whole dispatcher. Times in ms. */
export interface DispatcherSettings extends SchedulingSettings {
  readonly pollIntervalMs: number;
  readonly maxGlobalConcurrency: number;
  /** Slots of the repo pool: never more runners than these. */
  readonly slots: number;
  readonly retry: RetrySettings;
  /** Between two looks for tasks that can never go on; `null`: nobody looks. */
  readonly deadlockCheckMs: number | null;
  /** Run-time limit where neither task nor pool names one. */
  readonly timeoutMs: number;
  /** A runner that has spoken the protocol is asked after when it was silent for half of this, and stopped after all of it. */
  readonly heartbeatTimeoutMs: number;
  /** After so long without progress, output, processor time or change in its slot an attempt is stopped; warned of at a third. */
  readonly stallTimeoutMs: number;
  /** Between two looks at what runners really use. */
  readonly usageIntervalMs: number;
  /** Between terminate and kill. */
  readonly stopGraceMs: number;
  readonly shutdown: { readonly timeoutMs: number; readonly onShutdown: 'stop' | 'leave' };
  /** Pools by skill, in order of preference; a pool's own `skills:` are merged in. */
  readonly skillMapping: ReadonlyMap<string, readonly PoolName[]>;
  /** Pools for tasks without a skill and, unless `strictSkills`, with one that is not mapped. */
  readonly defaultPools: readonly PoolName[];
  readonly strictSkills: boolean;
  /** Limits of `concurrency_key`s; a key that is not listed has limit 1. */
  readonly concurrencyKeys: ReadonlyMap<string, number>;
}
