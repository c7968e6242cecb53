import type { DispatcherEvent, EventDraft } from '../../domain/events.ts';
import type { TaskKey } from '../../domain/ids.ts';
import type { AttemptPatch, AttemptRow, TaskPatch, TaskRow } from '../core/rows.ts';
import { MemoryTables } from './memory-tables.ts';

/** Who looks on while rows are written. It gets copies, and must not call back. */
export interface RowObserver {
  taskAdded(row: TaskRow, definition: string, dependencies: readonly TaskKey[]): void;
  taskRedefined(row: TaskRow, definition: string, dependencies: readonly TaskKey[]): void;
  taskChanged(row: TaskRow, before: TaskRow): void;
  attemptAdded(row: AttemptRow, task: TaskKey): void;
  attemptChanged(row: AttemptRow, before: AttemptRow): void;
  eventAdded(event: DispatcherEvent): void;
}

/** Tables whose every write is seen from outside: for the simulator's auditor. */
export class ObservedTables extends MemoryTables {
  readonly #observer: RowObserver;

  constructor(observer: RowObserver) {
    super();
    this.#observer = observer;
  }

  override addTask(row: TaskRow, definition: string, dependencies: readonly TaskKey[]): void {
    this.#observer.taskAdded({ ...row }, definition, dependencies);
    super.addTask(row, definition, dependencies);
  }

  override redefineTask(row: TaskRow, definition: string, dependencies: readonly TaskKey[]): void {
    // Adding a task defines it, too.
    if (this.task(row.key) !== undefined) this.#observer.taskRedefined({ ...row }, definition, dependencies);
    super.redefineTask(row, definition, dependencies);
  }

  override changeTask(row: TaskRow, patch: TaskPatch): void {
    const before = { ...row };
    super.changeTask(row, patch);
    this.#observer.taskChanged({ ...row }, before);
  }

  override addAttempt(row: AttemptRow): void {
    super.addAttempt(row);
    const task = this.taskAt(row.task);
    if (task !== undefined) this.#observer.attemptAdded({ ...row }, task.key);
  }

  override changeAttempt(row: AttemptRow, patch: AttemptPatch): void {
    const before = { ...row };
    super.changeAttempt(row, patch);
    this.#observer.attemptChanged({ ...row }, before);
  }

  override addEvent(seq: number, draft: EventDraft, key: string | null): void {
    super.addEvent(seq, draft, key);
    this.#observer.eventAdded({ ...draft, seq });
  }
}
