import type { PoolName, RunnerId, SlotId, SpecName, TaskId, TaskKey } from '../../domain/ids.ts';
import type { AttemptEnd } from '../../domain/settlement.ts';
import type { TaskState } from '../../domain/task.ts';

/** A task set as stored. */
export interface SetRow {
  readonly name: SpecName;
  readonly repo: string | null;
  readonly weight: number;
  readonly maxConcurrency: number | null;
}

/** A task as stored, without its definition: that is text, long, and wanted by few. */
export interface TaskRow {
  /** Order of submission, from 1, without gaps; never changes. */
  readonly position: number;
  readonly key: TaskKey;
  readonly spec: SpecName;
  readonly id: TaskId;
  readonly title: string;
  readonly state: TaskState;
  readonly priority: number;
  readonly optional: boolean;
  readonly group: boolean;
  readonly requiredSkill: string | null;
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly concurrencyKey: string | null;
  /** How long it is said to take, ms (`metadata.expected_duration`). */
  readonly expectedMs: number | null;
  /** Dependencies that are not satisfied now, whatever this task's own state. */
  readonly unsatisfied: number;
  /** Starts so far; never falls, not even when the task is replaced. */
  readonly fence: number;
  /** Attempts that count against the maximum, since the task was last (re)defined. */
  readonly counted: number;
  /** Of the current or, once it has ended, of the last attempt. */
  readonly pool: PoolName | null;
  readonly runnerId: RunnerId | null;
  readonly slotId: SlotId | null;
  readonly reason: string | null;
  readonly notBefore: number | null;
  readonly readyAt: number | null;
  /** Who asked, while it runs, that it be cancelled, and why; `null`: nobody. */
  readonly cancelActor: string | null;
  readonly cancelReason: string | null;
  /** Its number in the change feed; `null`: the feed has nothing to say of it. */
  readonly change: number | null;
}

export type TaskPatch = Partial<Omit<TaskRow, 'position' | 'key' | 'spec' | 'id'>>;

export interface AttemptRow {
  /** Position of the task. */
  readonly task: number;
  readonly attempt: number;
  readonly runnerId: RunnerId;
  readonly pool: PoolName;
  readonly slotId: SlotId;
  readonly slotPath: string;
  readonly runDir: string;
  /** JSON of a RunnerHandle. */
  readonly handle: string | null;
  readonly claimedAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly end: AttemptEnd | null;
  readonly reason: string | null;
  readonly counted: boolean;
}

export type AttemptPatch = Partial<Omit<AttemptRow, 'task' | 'attempt'>>;

/** What a task depends on, as it stands now. */
export interface Dependency {
  readonly key: TaskKey;
  /** `null` when there is no such task (yet). */
  readonly position: number | null;
  readonly state: TaskState | 'missing';
  readonly optional: boolean;
}

/** A blocked task and a dependency of it that is not satisfied. */
export interface OpenEdge {
  /** Positions; `on`: `null` when there is no such task (yet). */
  readonly task: number;
  readonly on: number | null;
  readonly key: TaskKey;
  readonly state: TaskState | 'missing';
}

/** The registry's own counters. Everything here changes inside a transaction only. */
export interface Meta {
  /** Of the dispatcher in office; 0 before the first. */
  epoch: number;
  lastSeq: number;
  lastChange: number;
  lastPosition: number;
  /** Rises whenever a task may have come to be, or ceased to be, blocked for good. */
  doom: number;
}
