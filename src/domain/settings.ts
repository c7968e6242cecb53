import type { EngineSettings } from './engine-settings.ts';
import type { PoolName } from './ids.ts';
import type { Resources, RetryPolicy } from './task.ts';

/** When a pool whose launches keep failing is taken out, and for how long. */
export interface BreakerSettings {
  /** Launch failures in a row that trip it; at least 1. */
  readonly failures: number;
  /** How long it rests before it is probed. */
  readonly cooldownMs: number;
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
  readonly breaker: BreakerSettings;
  /** argv for tasks that name no command; may hold `{{task.title}}` and the like. */
  readonly command: readonly string[] | null;
  readonly env: Readonly<Record<string, string>>;
}

/** What rules the whole dispatcher. Times in ms. */
export interface DispatcherSettings {
  readonly pollIntervalMs: number;
  readonly schedulingPolicy: 'fifo' | 'priority';
  readonly maxGlobalConcurrency: number;
  /** Slots of the repo pool: never more runners than these. */
  readonly slots: number;
  readonly retry: RetryPolicy;
  /** Run-time limit where neither task nor pool names one. */
  readonly timeoutMs: number;
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
