import type { ExitRules } from './exit-classes.ts';
import type { PoolName, RunnerId, SlotId, SpecName, TaskId, TaskKey } from './ids.ts';
import type { EnvironmentSource } from './secrets.ts';

/** blocked → ready → running → one of the ends; parked waits for a person. */
export const TASK_STATES = [
  'blocked',
  'ready',
  'running',
  'parked',
  'done',
  'failed',
  'cancelled',
  'skipped',
] as const;
export type TaskState = (typeof TASK_STATES)[number];

const TERMINAL: ReadonlySet<TaskState> = new Set(['done', 'failed', 'cancelled', 'skipped']);
export const isTerminal = (state: TaskState): boolean => TERMINAL.has(state);

/** CPU in cores (0.5 is half a core), memory in MB (MiB). */
export interface Resources {
  readonly cpu: number;
  readonly memory: number;
}

/** When and how often a failed attempt is tried again. Times in milliseconds. */
export interface RetryPolicy {
  /** Attempts in all, the first included; at least 1. */
  readonly maxAttempts: number;
  readonly initialIntervalMs: number;
  readonly backoffBase: number;
  readonly maxIntervalMs: number;
  /** Share of the delay that luck may add or take away, 0 to 1. */
  readonly jitter: number;
}

/** How failed attempts are classed, and when they are tried again. */
export type RetrySettings = RetryPolicy & ExitRules;

/** What a person wrote about one task, checked and with the set's defaults filled in. */
export interface TaskDefinition {
  readonly id: TaskId;
  readonly title: string;
  readonly description: string;
  /** Full keys: an `id` of the same set, or `otherspec/id`. */
  readonly dependencies: readonly TaskKey[];
  readonly requiredSkill: string | null;
  /** Higher runs first. */
  readonly priority: number;
  /** argv; `null` takes the pool's command. */
  readonly command: readonly string[] | null;
  readonly env: Readonly<Record<string, string>>;
  /** Variables whose values are looked up at each launch, and stored nowhere; absent where there are none. */
  readonly envFrom?: Readonly<Record<string, EnvironmentSource>>;
  /** `null` members take the pool's defaults. */
  readonly resources: { readonly cpu: number | null; readonly memory: number | null };
  /** Longest run time of one attempt; `null` takes the pool's or the dispatcher's. */
  readonly timeoutMs: number | null;
  readonly stallTimeoutMs: number | null;
  /** Members that are absent take the pool's, then the dispatcher's. */
  readonly retry: Partial<RetrySettings>;
  readonly concurrencyKey: string | null;
  readonly optional: boolean;
  /** A parent: nothing runs for it, and it is done as soon as its dependencies, its children, are satisfied. */
  readonly group: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A named set of tasks, in the order in which they were written. */
export interface TaskSet {
  readonly name: SpecName;
  readonly repo: string | null;
  /** Share in fair-share scheduling, relative to other sets; more than 0. */
  readonly weight: number;
  readonly maxConcurrency: number | null;
  readonly tasks: readonly TaskDefinition[];
  /** Those that the plan itself marks as done (`[x]`); no part of what makes a task's content the same or not. */
  readonly done: readonly TaskId[];
}

/** What scheduling needs to know of a ready task: small, for there may be a million. */
export interface ReadyTask {
  readonly key: TaskKey;
  readonly spec: SpecName;
  readonly requiredSkill: string | null;
  readonly priority: number;
  /** Order of submission; ties in priority are broken by it. */
  readonly position: number;
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly concurrencyKey: string | null;
  readonly specMaxConcurrency: number | null;
  readonly specWeight: number;
  /** Starts so far. The next start carries `fence + 1` as its attempt number. */
  readonly fence: number;
  /** Not to be started before this wall time (ms since the epoch); `null`: at once. */
  readonly notBefore: number | null;
  /** When it became ready, ms since the epoch. */
  readonly readyAt: number;
  /** How long it is said to take, ms (`metadata.expected_duration`); `null` or absent: nobody said. */
  readonly expectedMs?: number | null;
}

/** A task as the registry shows it to people and programs. Times: ms since the epoch. */
export interface TaskView {
  readonly key: TaskKey;
  readonly spec: SpecName;
  readonly id: TaskId;
  readonly title: string;
  readonly state: TaskState;
  readonly priority: number;
  /** Starts so far, counted against the maximum or not. */
  readonly attempts: number;
  readonly pool: PoolName | null;
  readonly runnerId: RunnerId | null;
  readonly slotId: SlotId | null;
  readonly reason: string | null;
  readonly notBefore: number | null;
  readonly optional: boolean;
  readonly requiredSkill: string | null;
  readonly dependencies: readonly { readonly key: TaskKey; readonly state: TaskState | 'missing' }[];
}
