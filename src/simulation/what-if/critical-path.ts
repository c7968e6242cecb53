import type { TaskKey } from '../../domain/ids.ts';
import type { TaskDefinition } from '../../domain/task.ts';

/** The longest way through the plan: with any number of slots it takes no less than that. */
export interface CriticalPath {
  readonly ms: number;
  /** In the order in which they run; groups, which take no time, are left out. */
  readonly tasks: readonly TaskKey[];
}

/**
 * The longest path by time through what was run. Tasks of a cycle, and those behind one, are in no path.
 * O(tasks + dependencies).
 *
 * @param msOf time each task took, all of its attempts together; 0 for one that did not run
 */
export const criticalPath = (
  definitions: ReadonlyMap<TaskKey, TaskDefinition>,
  msOf: (key: TaskKey) => number,
): CriticalPath => {
  const open = new Map<TaskKey, number>();
  const dependents = new Map<TaskKey, TaskKey[]>();
  for (const [key, { dependencies }] of definitions) {
    const known = [...new Set(dependencies)].filter((on) => definitions.has(on));
    open.set(key, known.length);
    for (const on of known) {
      const list = dependents.get(on);
      if (list === undefined) dependents.set(on, [key]);
      else list.push(key);
    }
  }
  /** When the longest way to the end of each task ends, and by whom it comes. */
  const ends = new Map<TaskKey, { readonly ms: number; readonly before: TaskKey | null }>();
  const begins = new Map<TaskKey, { readonly ms: number; readonly before: TaskKey | null }>();
  const queue = [...open].filter(([, count]) => count === 0).map(([key]) => key);
  let last: TaskKey | null = null;
  for (const key of queue) {
    const begin = begins.get(key) ?? { ms: 0, before: null };
    const ms = begin.ms + msOf(key);
    ends.set(key, { ms, before: begin.before });
    if (last === null || ms > (ends.get(last)?.ms ?? 0)) last = key;
    for (const next of dependents.get(key) ?? []) {
      if (ms >= (begins.get(next)?.ms ?? 0)) begins.set(next, { ms, before: key });
      const left = (open.get(next) ?? 0) - 1;
      open.set(next, left);
      if (left === 0) queue.push(next);
    }
  }
  const tasks: TaskKey[] = [];
  for (let key = last; key !== null; key = ends.get(key)?.before ?? null) if (msOf(key) > 0) tasks.push(key);
  return { ms: last === null ? 0 : (ends.get(last)?.ms ?? 0), tasks: tasks.toReversed() };
};
