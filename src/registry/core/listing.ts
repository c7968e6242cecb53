import type { DispatcherEvent } from '../../domain/events.ts';
import type { PortError } from '../../domain/failures.ts';
import type { TaskKey } from '../../domain/ids.ts';
import type { OpenDependency } from '../../domain/open-dependency.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { TaskView } from '../../domain/task.ts';
import type { AttemptView, EventQuery, TaskPage, TaskQuery } from '../../ports/task-registry.ts';
import { noSuchTask } from './claim.ts';
import { wrongLimit } from './feed.ts';
import { openDependencies } from './open-dependencies.ts';
import type { TaskRow } from './rows.ts';
import type { Tables } from './tables.ts';
import { attemptViewOf, taskViewOf } from './views.ts';

/** Everything about one task, with the definition still as text. */
export interface StoredTaskDetail {
  readonly view: TaskView;
  readonly definition: string;
  readonly attempts: readonly AttemptView[];
  readonly waitsFor: readonly OpenDependency[];
}

const DEFAULT_PAGE = 1_000;
const LARGEST_PAGE = 10_000;

/** One ordered read per state, merged: each is a walk along an index, however many tasks there are. */
const pageOf = (tables: Tables, query: TaskQuery, after: number, limit: number): readonly TaskRow[] => {
  const spec = query.spec ?? null;
  if (query.states === undefined) return tables.page(spec, null, after, limit);
  const perState = [...new Set(query.states)].map((state) => tables.page(spec, state, after, limit));
  return perState
    .flat()
    .toSorted((a, b) => a.position - b.position)
    .slice(0, limit);
};

export const tasks = (tables: Tables, query: TaskQuery): Result<TaskPage, PortError> => {
  const limit = query.limit ?? DEFAULT_PAGE;
  const wrong = wrongLimit(limit, LARGEST_PAGE);
  if (wrong !== null) return err(wrong);
  const found = pageOf(tables, query, query.after ?? 0, limit + 1);
  const rows = found.slice(0, limit);
  return ok({
    tasks: rows.map((row) => taskViewOf(tables, row)),
    next: found.length > limit ? (rows.at(-1)?.position ?? null) : null,
  });
};

export const task = (tables: Tables, key: TaskKey): Result<StoredTaskDetail, PortError> => {
  const row = tables.task(key);
  if (row === undefined) return err(noSuchTask(key));
  return ok({
    view: taskViewOf(tables, row),
    definition: tables.definition(row.position),
    attempts: tables.attempts(row.position).map(attemptViewOf),
    waitsFor: row.state === 'blocked' ? openDependencies(tables, row) : [],
  });
};

export const events = (tables: Tables, query: EventQuery): Result<readonly DispatcherEvent[], PortError> => {
  const wrong = wrongLimit(query.limit, Number.MAX_SAFE_INTEGER);
  return wrong === null ? ok(tables.events(query)) : err(wrong);
};
