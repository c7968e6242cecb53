import type { TaskKey } from '../../domain/ids.ts';
import type { Dependency, TaskRow } from './rows.ts';
import { satisfies } from './satisfaction.ts';
import type { Tables } from './tables.ts';

/** Why nothing that waits for this dependency will start by itself; `null` when it still may be satisfied. */
const directCause = ({ key, state }: Dependency): string | null => {
  switch (state) {
    case 'failed':
      return `blocked by ${key}, which failed`;
    case 'cancelled':
      return `blocked by ${key}, which was cancelled`;
    case 'missing':
      return `blocked by ${key}, which does not exist`;
    default:
      return null;
  }
};

interface Frame {
  readonly key: TaskKey;
  readonly waitsFor: readonly Dependency[];
  next: number;
}

/**
 * The root cause, over any number of steps; `null` if there is none. Depth first, without recursion,
 * for chains may be long. In a cycle the task already being looked at counts as one without a cause.
 */
const rootCause = (tables: Tables, start: TaskRow): string | null => {
  const memo = tables.causes.at(tables.meta.doom);
  const frames: Frame[] = [];
  const conclude = (cause: string): void => {
    for (const frame of frames) memo.set(frame.key, cause);
    frames.length = 0;
  };
  const enter = (key: TaskKey, position: number): void => {
    memo.set(key, null);
    const waitsFor = tables.dependencies(position).filter(({ state, optional }) => !satisfies(state, optional));
    frames.push({ key, waitsFor, next: 0 });
    for (const dependency of waitsFor) {
      const cause = directCause(dependency);
      if (cause !== null) return conclude(cause);
    }
  };

  if (!memo.has(start.key)) enter(start.key, start.position);
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const dependency = frame.waitsFor[frame.next];
    frame.next += 1;
    if (dependency === undefined) {
      frames.pop();
      continue;
    }
    const known = memo.get(dependency.key);
    if (typeof known === 'string') conclude(known);
    else if (known === undefined && dependency.position !== null) enter(dependency.key, dependency.position);
  }
  return memo.get(start.key) ?? null;
};

const listed = (keys: readonly string[]): string => {
  const shown = keys.length > 3 ? [...keys.slice(0, 2), `${keys.length - 2} more`] : keys;
  const last = shown.at(-1) ?? 'nothing';
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(', ')} and ${last}`;
};

/** One line for a person: the root cause if the task cannot start any more, else what it waits for. */
export const blockedBecause = (tables: Tables, row: TaskRow, dependencies: readonly Dependency[]): string => {
  const cause = rootCause(tables, row);
  if (cause !== null) return cause;
  const waitsFor = dependencies.filter(({ state, optional }) => !satisfies(state, optional));
  return `waits for ${listed(waitsFor.map(({ key }) => key))}`;
};
