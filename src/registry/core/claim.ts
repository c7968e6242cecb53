import { event } from '../../domain/events.ts';
import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { AttemptView, ClaimRequest } from '../../ports/task-registry.ts';
import type { TaskKey } from '../../domain/ids.ts';
import { outOfOffice } from './office.ts';
import type { Tables } from './tables.ts';
import { move, note } from './transition.ts';
import { attemptViewOf } from './views.ts';

/** A claim with the definition still as text: whoever asked for it parses it, once. */
export interface StoredClaim {
  readonly key: TaskKey;
  readonly attempt: number;
  readonly definition: string;
  readonly repo: string | null;
  readonly previous: readonly AttemptView[];
}

export const noSuchTask = (key: TaskKey): PortError => portError('notFound', `there is no task ${key}`);

/** Attempt row, task state and TaskAssigned; compares state and fence before it writes anything. */
export const claim = (tables: Tables, request: ClaimRequest): Result<StoredClaim, PortError> => {
  const fenced = outOfOffice(tables, request.epoch);
  if (fenced !== null) return err(fenced);
  const row = tables.task(request.key);
  if (row === undefined) return err(noSuchTask(request.key));
  if (row.state !== 'ready' || row.fence !== request.fence) {
    const found = `it is ${row.state} after ${row.fence} starts`;
    return err(portError('fenced', `${row.key} cannot be claimed: ${found}, not ready after ${request.fence}`));
  }
  const attempt = row.fence + 1;
  const { runnerId, pool, slotId, at } = request;
  const previous = row.fence === 0 ? [] : tables.attempts(row.position).map(attemptViewOf);
  tables.addAttempt({
    task: row.position,
    attempt,
    runnerId,
    pool,
    slotId,
    slotPath: request.slotPath,
    runDir: request.runDir,
    handle: null,
    claimedAt: at,
    startedAt: null,
    endedAt: null,
    end: null,
    reason: null,
    counted: false,
  });
  // The dispatcher knows what it has claimed: the feed need not tell it.
  move(tables, row, 'running', { fence: attempt, pool, runnerId, slotId, notBefore: null, change: null });
  const { spec, id: taskId } = row;
  note(tables, event('TaskAssigned', at, 'dispatcher', { spec, taskId, attempt, runnerId, slotId, pool }));
  const repo = tables.set(spec)?.repo ?? null;
  return ok({ key: row.key, attempt, definition: tables.definition(row.position), repo, previous });
};
