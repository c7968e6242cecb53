import type { DispatcherEvent, EventDraft } from '../../domain/events.ts';
import type { SpecName, TaskKey } from '../../domain/ids.ts';
import type { TaskState } from '../../domain/task.ts';
import type { EventQuery } from '../../ports/task-registry.ts';
import type { CauseMemo } from './cause-memo.ts';
import type { AttemptPatch, AttemptRow, Dependency, Meta, OpenEdge, SetRow, TaskPatch, TaskRow } from './rows.ts';
import type { StuckMemo } from './stuck-memo.ts';

/**
 * The rows a registry keeps. The rules in this folder are written against it once; an adapter only
 * stores. Nothing here decides, and rows that were handed out are changed through `changeTask` and
 * `changeAttempt` alone, which bring the row given to them up to date as well.
 */
export interface Tables {
  readonly meta: Meta;
  readonly causes: CauseMemo;
  readonly stuckMemo: StuckMemo;

  set(name: SpecName): SetRow | undefined;
  putSet(row: SetRow): void;
  setNames(): readonly string[];

  task(key: TaskKey): TaskRow | undefined;
  definition(position: number): string;
  /** Every task of a set, by position. */
  tasksOfSet(spec: SpecName): readonly { readonly row: TaskRow; readonly definition: string }[];
  addTask(row: TaskRow, definition: string, dependencies: readonly TaskKey[]): void;
  redefineTask(row: TaskRow, definition: string, dependencies: readonly TaskKey[]): void;
  changeTask(row: TaskRow, patch: TaskPatch): void;
  /** By position, those after `after`; at most `limit`. */
  page(spec: SpecName | null, state: TaskState | null, after: number, limit: number): readonly TaskRow[];

  /** In the order of the definition. */
  dependencies(position: number): readonly Dependency[];
  /** Tasks that name this key, whether it exists or not, by position. */
  dependents(key: TaskKey): readonly TaskRow[];

  /** Of every blocked task, by its position; to be read to the end at once. */
  openEdges(): Iterable<OpenEdge>;
  /** Blocked and ready tasks, by position, but for groups, which never run; to be read to the end at once. */
  notBegun(): Iterable<Pick<TaskRow, 'key' | 'requiredSkill' | 'cpu' | 'memory'>>;
  keyAt(position: number): TaskKey;

  /** Rows with a change number above `after`, in its order; at most `limit`. */
  feed(after: number, limit: number): readonly TaskRow[];
  /** Takes what is not ready out of the feed: who starts from scratch never knew of it. */
  forgetGone(): void;

  attempt(task: number, attempt: number): AttemptRow | undefined;
  /** Oldest first. */
  attempts(task: number): readonly AttemptRow[];
  addAttempt(row: AttemptRow): void;
  changeAttempt(row: AttemptRow, patch: AttemptPatch): void;

  /** Whether an event of this key is stored. */
  hasEvent(key: string): boolean;
  addEvent(seq: number, event: EventDraft, key: string | null): void;
  events(query: EventQuery): readonly DispatcherEvent[];

  counts(spec: SpecName | null): Record<TaskState, number>;
  /** One task more (`+1`) or less (`-1`) in a state. */
  tally(spec: SpecName, state: TaskState, difference: number): void;
}
