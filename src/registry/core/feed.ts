import { portError, type PortError } from '../../domain/failures.ts';
import type { SpecName, TaskKey } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { ReadyTask } from '../../domain/task.ts';
import type { AttemptView, ChangeBatch, ChangesRequest } from '../../ports/task-registry.ts';
import { outOfOffice } from './office.ts';
import type { SetRow, TaskRow } from './rows.ts';
import type { Tables } from './tables.ts';
import { attemptViewOf, readyTaskOf } from './views.ts';

/** An open attempt with the definition still as text. */
export interface StoredOpenAttempt {
  readonly key: TaskKey;
  readonly fence: number;
  readonly attempt: AttemptView;
  readonly definition: string;
  readonly repo: string | null;
  readonly previous: readonly AttemptView[];
  readonly task: ReadyTask;
  readonly cancelReason: string | null;
}

/** `null` if it is a whole number of at least 1 and at most `most`. */
export const wrongLimit = (limit: number, most: number): PortError | null =>
  Number.isInteger(limit) && limit >= 1 && limit <= most
    ? null
    : portError('invalid', `limit ${limit}: expected a whole number from 1 to ${most}`);

/** Looks up each set once. */
const setsOf = (tables: Tables): ((spec: SpecName) => SetRow | undefined) => {
  const seen = new Map<SpecName, SetRow | undefined>();
  return (spec) => {
    if (!seen.has(spec)) seen.set(spec, tables.set(spec));
    return seen.get(spec);
  };
};

/**
 * A row has one number, that of its last change, so a reader that pages never misses one: what
 * changes between two pages gets a number above all that were given.
 */
export const changes = (
  tables: Tables,
  request: ChangesRequest,
): Result<ChangeBatch, PortError> => {
  const { cursor, limit, epoch } = request;
  const deposed = epoch === undefined ? null : outOfOffice(tables, epoch);
  if (deposed !== null) return err(deposed);
  const wrong = wrongLimit(limit, Number.MAX_SAFE_INTEGER - 1);
  if (wrong !== null) return err(wrong);
  const found = tables.feed(cursor ?? 0, limit + 1);
  const rows = found.length > limit ? found.slice(0, limit) : found;
  const more = found.length > limit;
  const set = setsOf(tables);
  const isReady = (row: TaskRow): boolean => row.state === 'ready';
  return ok({
    ready: rows.filter(isReady).map((row) => readyTaskOf(row, set(row.spec))),
    gone: cursor === null ? [] : rows.filter((row) => !isReady(row)).map((row) => row.key),
    cursor: (more ? rows.at(-1)?.change : null) ?? tables.meta.lastChange,
    more,
  });
};

/** An attempt is open exactly while its task is running: claim and settle see to both together. */
export const openAttempts = (tables: Tables): Result<readonly StoredOpenAttempt[], PortError> => {
  const set = setsOf(tables);
  const open: StoredOpenAttempt[] = [];
  for (const row of tables.page(null, 'running', 0, Number.MAX_SAFE_INTEGER)) {
    const attempts = tables.attempts(row.position).map(attemptViewOf);
    const attempt = attempts.at(-1);
    if (attempt === undefined) continue;
    open.push({
      key: row.key,
      fence: row.fence,
      attempt,
      definition: tables.definition(row.position),
      repo: set(row.spec)?.repo ?? null,
      previous: attempts.slice(0, -1),
      // Before it was claimed it had one start less.
      task: { ...readyTaskOf(row, set(row.spec)), fence: row.fence - 1 },
      cancelReason: row.cancelActor === null ? null : (row.cancelReason ?? 'cancelled'),
    });
  }
  return ok(open);
};
