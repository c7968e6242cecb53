import { event, type EventDraft } from '../../domain/events.ts';
import type { TaskKey } from '../../domain/ids.ts';
import type { TaskState } from '../../domain/task.ts';
import type { TaskPatch, TaskRow } from './rows.ts';
import type { Tables } from './tables.ts';

/** Stores an event under the next number; `key` tells it from all others, where it may come again. */
export const note = (tables: Tables, draft: EventDraft, key: string | null = null): void => {
  tables.meta.lastSeq += 1;
  tables.addEvent(tables.meta.lastSeq, draft, key);
};

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

const tellReady = (tables: Tables, row: TaskRow, at: number, actor: string): void =>
  note(tables, event('TaskReady', at, actor, { spec: row.spec, taskId: row.id }));

/** A dependency has come to be satisfied: those that waited for it alone are ready now. */
export const satisfyDependents = (tables: Tables, key: TaskKey, at: number, actor: string): void => {
  for (const row of tables.dependents(key)) {
    const unsatisfied = row.unsatisfied - 1;
    if (unsatisfied > 0 || row.state !== 'blocked') {
      tables.changeTask(row, { unsatisfied });
      continue;
    }
    move(tables, row, 'ready', { unsatisfied, readyAt: at, change: nextChange(tables) });
    tellReady(tables, row, at, actor);
  }
};

/** A dependency is no longer satisfied: those that had not begun wait again. `spared` are not looked at. */
export const unsatisfyDependents = (tables: Tables, key: TaskKey, spared: ReadonlySet<TaskKey>): void => {
  for (const row of tables.dependents(key)) {
    if (spared.has(row.key)) continue;
    const unsatisfied = row.unsatisfied + 1;
    if (row.state === 'ready') move(tables, row, 'blocked', { unsatisfied, change: nextChange(tables) });
    else tables.changeTask(row, { unsatisfied });
  }
};
