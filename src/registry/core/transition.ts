import { event, type EventDraft } from '../../domain/events.ts';
import type { TaskKey } from '../../domain/ids.ts';
import type { TaskState } from '../../domain/task.ts';
import type { TaskPatch, TaskRow } from './rows.ts';
import type { Tables } from './tables.ts';

/** Who has something done, and when (ms since the epoch). */
export interface Cause {
  readonly actor: string;
  readonly at: number;
}

/** Stores an event under the next number; `key` tells it from all others, where it may come again. */
export const note = (tables: Tables, draft: EventDraft, key: string | null = null): void => {
  tables.meta.lastSeq += 1;
  tables.addEvent(tables.meta.lastSeq, draft, key);
};

/** An event of one task that no attempt has a part in. */
export const noteTask = (
  tables: Tables,
  type: EventDraft['type'],
  row: TaskRow,
  { actor, at }: Cause,
  details: Readonly<Record<string, unknown>> = {},
): void => note(tables, event(type, at, actor, { spec: row.spec, taskId: row.id, details }));

export const nextChange = (tables: Tables): number => {
  tables.meta.lastChange += 1;
  return tables.meta.lastChange;
};

/** Moves a task to a state. The only way to do so, apart from adding one: it keeps the counts. */
export const move = (tables: Tables, row: TaskRow, state: TaskState, patch: TaskPatch = {}): void => {
  if (row.state !== state) {
    tables.tally(row.spec, row.state, -1);
    tables.tally(row.spec, state, 1);
  }
  tables.changeTask(row, { ...patch, state });
};

/** What the scheduler knows of a ready task is to change: the feed tells it. */
export const feedNews = (tables: Tables, row: TaskRow): TaskPatch =>
  row.state === 'ready' ? { change: nextChange(tables) } : {};

/** Its dependencies are satisfied: ready to run or, where nothing runs for it, done. True if it is done. */
export const unblock = (tables: Tables, row: TaskRow, cause: Cause, patch: TaskPatch = {}): boolean => {
  if (row.group) {
    move(tables, row, 'done', patch);
    noteTask(tables, 'TaskCompleted', row, { actor: 'dispatcher', at: cause.at }, { reason: 'everything in it is done' });
    return true;
  }
  move(tables, row, 'ready', { ...patch, readyAt: cause.at, change: nextChange(tables) });
  noteTask(tables, 'TaskReady', row, cause);
  return false;
};

/**
 * A dependency has come to be satisfied: those that waited for it alone are ready now, and groups among
 * them done, which goes on from there. Not by recursion, for plans may be deep.
 */
export const satisfyDependents = (tables: Tables, key: TaskKey, cause: Cause): void => {
  const satisfied = [key];
  for (const next of satisfied) {
    for (const row of tables.dependents(next)) {
      const unsatisfied = row.unsatisfied - 1;
      if (unsatisfied > 0 || row.state !== 'blocked') tables.changeTask(row, { unsatisfied });
      else if (unblock(tables, row, cause, { unsatisfied })) satisfied.push(row.key);
    }
  }
};

const NOBODY: ReadonlySet<TaskKey> = new Set();

/**
 * A dependency is no longer satisfied: those that had not begun wait again, and so do groups that were
 * done by it, and who waits for those. `spared` are not looked at.
 */
export const unsatisfyDependents = (
  tables: Tables,
  key: TaskKey,
  cause: Cause,
  spared: ReadonlySet<TaskKey> = NOBODY,
): void => {
  const sentBack = [key];
  for (const next of sentBack) {
    for (const row of tables.dependents(next)) {
      if (spared.has(row.key)) continue;
      const unsatisfied = row.unsatisfied + 1;
      if (row.state === 'ready') move(tables, row, 'blocked', { unsatisfied, change: nextChange(tables) });
      else if (row.group && row.state === 'done') {
        move(tables, row, 'blocked', { unsatisfied });
        noteTask(tables, 'TaskBlocked', row, cause, { reason: `${next} is to be done again` });
        sentBack.push(row.key);
      } else tables.changeTask(row, { unsatisfied });
    }
  }
};
