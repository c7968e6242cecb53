import { cyclicComponents } from '../../domain/dependency-graph.ts';
import type { TaskKey } from '../../domain/ids.ts';
import type { OpenDependency } from '../../domain/open-dependency.ts';
import type { Dependency, TaskRow } from './rows.ts';
import { satisfies } from './satisfaction.ts';
import type { Tables } from './tables.ts';

type Never = NonNullable<OpenDependency['never']>;

/** So many tasks are looked at; beyond them nothing is known, and nothing said. */
const FARTHEST = 5_000;

/** What a task waits for, over any number of steps: each task there with what it waits for itself. */
const neighbourhood = (tables: Tables, start: TaskRow) => {
  const waits = new Map<TaskKey, readonly TaskKey[]>();
  const known = new Map<TaskKey, Dependency>();
  const queue: { readonly key: TaskKey; readonly position: number | null }[] = [start];
  for (const { key, position } of queue) {
    if (waits.has(key) || waits.size >= FARTHEST) continue;
    const open = position === null ? [] : tables.dependencies(position).filter((one) => !satisfies(one.state, one.optional));
    waits.set(key, open.map((one) => one.key));
    for (const one of open) {
      if (known.has(one.key)) continue;
      known.set(one.key, one);
      // What runs or is parked waits for nothing, whatever it depends on.
      queue.push({ key: one.key, position: one.state === 'blocked' ? one.position : null });
    }
  }
  return { waits, known };
};

const causeOf = (dependency: Dependency | undefined, isCyclic: boolean): Never['cause'] | null => {
  switch (dependency?.state) {
    case 'failed':
    case 'cancelled':
    case 'missing':
      return dependency.state;
    default:
      return isCyclic ? 'cycle' : null;
  }
};

/** What a blocked task waits for, and of what will never be, why: by the shortest way, breadth first. */
export const openDependencies = (tables: Tables, row: TaskRow): readonly OpenDependency[] => {
  const { waits, known } = neighbourhood(tables, row);
  const cyclic = new Set(cyclicComponents(waits).flat());
  const clean = new Set<TaskKey>();

  const neverOf = (from: TaskKey): Never | null => {
    const cameFrom = new Map<TaskKey, TaskKey | null>([[from, null]]);
    // A map is walked in the order in which it grows: breadth first.
    for (const key of cameFrom.keys()) {
      const cause = causeOf(known.get(key), cyclic.has(key));
      if (cause !== null) {
        const path: TaskKey[] = [];
        for (let step: TaskKey | null = key; step !== null; step = cameFrom.get(step) ?? null) path.unshift(step);
        return { path, cause };
      }
      for (const next of waits.get(key) ?? []) {
        if (!cameFrom.has(next) && !clean.has(next)) cameFrom.set(next, key);
      }
    }
    for (const key of cameFrom.keys()) clean.add(key);
    return null;
  };

  return (waits.get(row.key) ?? []).map((key) => ({
    key,
    state: known.get(key)?.state ?? 'missing',
    never: neverOf(key),
  }));
};
