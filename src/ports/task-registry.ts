import type { StuckReport } from '../domain/deadlock.ts';
import type { DispatcherEvent, EventType } from '../domain/events.ts';
import type { PoolName, RegistryId, RunnerId, SlotId, SpecName, TaskId, TaskKey } from '../domain/ids.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { ChangedDone, ResubmissionPlan } from '../domain/resubmission.ts';
import type { AttemptEnd } from '../domain/settlement.ts';
import type { OpenDependency } from '../domain/open-dependency.ts';
import type { ReadyTask, RetryPolicy, TaskDefinition, TaskSet, TaskState, TaskView } from '../domain/task.ts';
import type { KeyedEvent } from './event-journal.ts';
import type { RunnerHandle } from './launcher.ts';
import type { Reply } from './reply.ts';

/** All `at` are wall times, ms since the epoch. All writes by a dispatcher carry its epoch. */

export interface SubmitRequest {
  readonly set: TaskSet;
  readonly changedDone: ChangedDone;
  /** Opens a new run of the set, `name@2`. */
  readonly fresh: boolean;
  readonly actor: string;
  readonly at: number;
}

export type SubmitReport = ResubmissionPlan & {
  /** The set's name, the fresh run's if one was opened. */
  readonly spec: SpecName;
  /** Whether anything was written: not when `changedDone` is `refuse` and there are such tasks. */
  readonly accepted: boolean;
};

export interface ClaimRequest {
  readonly epoch: number;
  readonly key: TaskKey;
  /** Starts that the caller believes were made: the compare of compare-and-set. */
  readonly fence: number;
  readonly runnerId: RunnerId;
  readonly pool: PoolName;
  readonly slotId: SlotId;
  readonly slotPath: string;
  readonly runDir: string;
  readonly at: number;
}

/** One earlier attempt, as the next runner and people see it. */
export interface AttemptView {
  readonly attempt: number;
  readonly runnerId: RunnerId;
  readonly pool: PoolName;
  readonly slotId: SlotId;
  readonly slotPath: string;
  readonly runDir: string;
  readonly handle: RunnerHandle | null;
  readonly claimedAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** `null` while it runs. */
  readonly end: AttemptEnd | null;
  readonly reason: string | null;
  readonly counted: boolean;
}

export interface Claim {
  readonly key: TaskKey;
  readonly attempt: number;
  readonly definition: TaskDefinition;
  readonly repo: string | null;
  readonly previous: readonly AttemptView[];
}

export interface LaunchRecord {
  readonly epoch: number;
  readonly key: TaskKey;
  readonly attempt: number;
  readonly handle: RunnerHandle;
  /** True when the runner was found alive by a later dispatcher: RunnerAdopted, not RunnerStarted. */
  readonly adopted: boolean;
  readonly at: number;
}

export interface SettleRequest {
  readonly epoch: number;
  readonly key: TaskKey;
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly retry: RetryPolicy;
  readonly luck: number;
  readonly at: number;
}

export interface SettleReport {
  readonly taskState: TaskState;
  readonly reason: string | null;
  readonly notBefore: number | null;
  /** Whether the change feed has news: the task itself is ready again, or dependents became so. */
  readonly news: boolean;
  /** The pool was throttled: PoolThrottled is stored, and it must not be used before this (ms since the epoch). */
  readonly throttledUntil: number | null;
}

/** What a person may do with one task. `reason`: one line for people, `null` where none was given. */
export type TaskOperation =
  /** A whole number; counts at once for a task that is queued. */
  | { readonly kind: 'setPriority'; readonly priority: number }
  /** What waits is cancelled at once; what runs has to be stopped first, by the dispatcher, now or at its next start. */
  | { readonly kind: 'cancel'; readonly reason: string | null }
  /** From the start: attempts are counted from 0 again, while the fence goes on rising. */
  | { readonly kind: 'retry'; readonly reason: string | null }
  /** Counts as done for those that depend on it. */
  | { readonly kind: 'skip'; readonly reason: string | null }
  | { readonly kind: 'dropDependency'; readonly dependency: TaskKey };

export interface OperationRequest {
  readonly key: TaskKey;
  readonly operation: TaskOperation;
  /** Who asks: `cli:<user>`, `api`. */
  readonly actor: string;
  readonly at: number;
}

export interface OperationReport {
  /** The task as it is now. */
  readonly view: TaskView;
  /** False when it was so already: nothing was written. */
  readonly changed: boolean;
  /** It still runs, and its runner is to be stopped. */
  readonly stopping: boolean;
}

export interface ChangesRequest {
  /** `null`: everything that is ready now. */
  readonly cursor: number | null;
  readonly limit: number;
  /** Of the dispatcher that asks: `deposed` when a later one is in office. Left out by those who only look on. */
  readonly epoch?: number;
}

/** What the change feed tells: only what changed since the cursor, in order. */
export interface ChangeBatch {
  readonly ready: readonly ReadyTask[];
  /** No longer ready, for a reason other than the dispatcher's own claim. */
  readonly gone: readonly TaskKey[];
  readonly cursor: number;
  /** More is to be had at once. */
  readonly more: boolean;
}

/** An attempt that an earlier dispatcher left open. */
export interface OpenAttempt {
  readonly key: TaskKey;
  readonly fence: number;
  readonly attempt: AttemptView;
  readonly definition: TaskDefinition;
  readonly repo: string | null;
  readonly previous: readonly AttemptView[];
  /** As the scheduler would have seen it, to charge its reservation. */
  readonly task: ReadyTask;
  /** Why it is to be stopped and cancelled, as a person has asked; `null`: it is not. */
  readonly cancelReason: string | null;
}

export interface TaskQuery {
  readonly spec?: SpecName;
  readonly states?: readonly TaskState[];
  /** At most so many, 1 to 10,000 (default 1,000). */
  readonly limit?: number;
  /** Position after which to go on, from the last page. */
  readonly after?: number;
}

export interface TaskPage {
  readonly tasks: readonly TaskView[];
  /** Give it as `after`; `null` on the last page. */
  readonly next: number | null;
}

export interface TaskDetail {
  readonly view: TaskView;
  readonly definition: TaskDefinition;
  readonly attempts: readonly AttemptView[];
  /** What a blocked task waits for; empty in every other state. */
  readonly waitsFor: readonly OpenDependency[];
}

export interface EventQuery {
  /** Only events with a higher `seq`. */
  readonly after: number;
  readonly limit: number;
  readonly spec?: SpecName;
  readonly taskId?: TaskId;
  /** Only of these types. */
  readonly types?: readonly EventType[];
}

export interface StuckQuery {
  /** Names wanted of the tasks that each finding holds up, at most. */
  readonly names: number;
}

/** Who holds the registry, as told to one who wants it, too. */
export interface Holder {
  readonly pid: number;
  readonly startTime: string;
  readonly bootId: string;
  readonly host: string;
  readonly since: number;
}

/**
 * The system of record. Calls take effect in the order in which they are made; a reply comes only
 * after its write is committed. Every write of a dispatcher checks the epoch (`deposed` if a later
 * dispatcher has taken office) and, where it speaks for an attempt, the attempt number.
 */
export interface TaskRegistry {
  readonly id: RegistryId;
  /** Makes the caller the dispatcher: raises the epoch, which every earlier one then fails. */
  takeOffice(request: { readonly holder: Holder; readonly at: number }, reply: Reply<{ readonly epoch: number }>): void;
  submit(request: SubmitRequest, reply: Reply<SubmitReport>): void;
  /** In one transaction with its event. `invalid`, with the mend, where the task's state does not allow it; `notFound`. */
  operate(request: OperationRequest, reply: Reply<OperationReport>): void;
  changes(request: ChangesRequest, reply: Reply<ChangeBatch>): void;
  /** Intent before act: attempt row, task state and TaskAssigned in one transaction. `fenced` if another was faster. */
  claim(request: ClaimRequest, reply: Reply<Claim>): void;
  recordLaunch(request: LaunchRecord, reply: Reply<null>): void;
  /** `fenced` if the attempt is not the current one any more, or is settled already. */
  settle(request: SettleRequest, reply: Reply<SettleReport>): void;
  openAttempts(reply: Reply<readonly OpenAttempt[]>): void;
  /** Stores events that belong to no change of state, each key once, however often it comes; returns the last `seq`. */
  record(request: { readonly epoch: number; readonly events: readonly KeyedEvent[] }, reply: Reply<number>): void;
  tasks(query: TaskQuery, reply: Reply<TaskPage>): void;
  task(key: TaskKey, reply: Reply<TaskDetail>): void;
  events(query: EventQuery, reply: Reply<readonly DispatcherEvent[]>): void;
  /** The number of the latest event, 0 before the first: how many there are, for none is ever left out. */
  lastEvent(reply: Reply<number>): void;
  counts(spec: SpecName | null, reply: Reply<Readonly<Record<TaskState, number>>>): void;
  /**
   * What keeps tasks from ever going on, as far as the registry knows. It looks at every task that has not
   * ended, so it is asked at an interval and not in passing; the answer is kept until it may be another.
   */
  stuck(query: StuckQuery, reply: Reply<StuckReport>): void;
  /** Told after each commit that made the change feed longer. One listener. */
  onNews(listener: () => void): void;
  close(reply: Reply<null>): void;
}
