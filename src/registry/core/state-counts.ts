import type { SpecName } from '../../domain/ids.ts';
import { TASK_STATES, type TaskState } from '../../domain/task.ts';

export const noTasks = (): Record<TaskState, number> => ({
  blocked: 0,
  ready: 0,
  running: 0,
  parked: 0,
  done: 0,
  failed: 0,
  cancelled: 0,
  skipped: 0,
});

/** Tasks by set and state, in memory. */
export class StateCounts {
  readonly #bySet = new Map<SpecName, Record<TaskState, number>>();

  add(spec: SpecName, state: TaskState, difference: number): void {
    const counts = this.#bySet.get(spec) ?? noTasks();
    counts[state] += difference;
    this.#bySet.set(spec, counts);
  }

  /** Of one set, or of all. */
  of(spec: SpecName | null): Record<TaskState, number> {
    if (spec !== null) return { ...(this.#bySet.get(spec) ?? noTasks()) };
    const total = noTasks();
    for (const counts of this.#bySet.values()) {
      for (const state of TASK_STATES) total[state] += counts[state];
    }
    return total;
  }
}
