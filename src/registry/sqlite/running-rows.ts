import type { TaskKey } from '../../domain/ids.ts';
import type { AttemptPatch, AttemptRow, TaskPatch, TaskRow } from '../core/rows.ts';

/**
 * Rows of the tasks that run, as they are in the file: each is read two times more after its claim,
 * and reading is the larger half of recording a launch. Void as soon as anybody else has written.
 */
export class RunningRows {
  readonly #tasks = new Map<TaskKey, TaskRow>();
  readonly #attempts = new Map<number, AttemptRow>();

  clear(): void {
    this.#tasks.clear();
    this.#attempts.clear();
  }

  task(key: TaskKey): TaskRow | undefined {
    return this.#tasks.get(key);
  }

  attempt(task: number, attempt: number): AttemptRow | undefined {
    const row = this.#attempts.get(task);
    return row?.attempt === attempt ? row : undefined;
  }

  addAttempt(row: AttemptRow): void {
    this.#attempts.set(row.task, row);
  }

  /** `row` has been changed; it may be another copy than the one kept here. */
  taskChanged(row: TaskRow, patch: TaskPatch): void {
    const kept = this.#tasks.get(row.key);
    if (kept !== undefined && kept !== row) Object.assign(kept, patch);
    if (patch.state === undefined) return;
    if (patch.state === 'running') this.#tasks.set(row.key, row);
    else this.#tasks.delete(row.key);
  }

  attemptChanged(row: AttemptRow, patch: AttemptPatch): void {
    const kept = this.#attempts.get(row.task);
    if (kept !== undefined && kept !== row && kept.attempt === row.attempt) Object.assign(kept, patch);
    if (row.end !== null) this.#attempts.delete(row.task);
  }
}
