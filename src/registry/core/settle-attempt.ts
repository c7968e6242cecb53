import { event, type EventDraft } from '../../domain/events.ts';
import { portError, type PortError } from '../../domain/failures.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { settle, throttledUntil, type Settlement } from '../../domain/settlement.ts';
import type { TaskState } from '../../domain/task.ts';
import type { SettleReport, SettleRequest } from '../../ports/task-registry.ts';
import { noSuchTask } from './claim.ts';
import { outOfOffice } from './office.ts';
import type { AttemptRow, TaskRow } from './rows.ts';
import { satisfies } from './satisfaction.ts';
import type { Tables } from './tables.ts';
import { move, nextChange, note, satisfyDependents } from './transition.ts';

/** R8: a late report changes nothing, and is kept for a person to read. */
const refuse = (
  tables: Tables,
  row: TaskRow,
  attempt: AttemptRow | undefined,
  request: SettleRequest,
): Result<never, PortError> => {
  const now = `the task is ${row.state} after ${row.fence} starts`;
  const refused = event('ReportRefused', request.at, attempt ? `runner:${attempt.runnerId}` : 'dispatcher', {
    spec: row.spec,
    taskId: row.id,
    attempt: request.attempt,
    runnerId: attempt?.runnerId ?? null,
    slotId: attempt?.slotId ?? null,
    pool: attempt?.pool ?? null,
    details: { outcome: request.outcome, task_state: row.state, current_attempt: row.fence },
  });
  note(tables, refused);
  return err(portError('fenced', `attempt ${request.attempt} at ${row.key} is over: ${now}`));
};

/**
 * A task whose dependency was sent back while it ran has to wait for it before it is tried again.
 */
const nextState = (row: TaskRow, settlement: Settlement): TaskState =>
  settlement.taskState === 'ready' && row.unsatisfied > 0 ? 'blocked' : settlement.taskState;

/** Whoever is to be cancelled is not tried again, and not kept for a person either; what succeeded has succeeded. */
const heeding = (row: TaskRow, { outcome }: SettleRequest): Outcome =>
  row.cancelActor === null || outcome.kind === 'succeeded'
    ? outcome
    : { kind: 'cancelled', reason: row.cancelReason ?? 'cancelled' };

/** Who cancelled it is the one who asked for it, not the dispatcher that did it. */
const signed = (draft: EventDraft, cancelActor: string | null): EventDraft =>
  draft.type === 'TaskCancelled' && cancelActor !== null ? { ...draft, actor: cancelActor } : draft;

const write = (tables: Tables, row: TaskRow, attempt: AttemptRow, settlement: Settlement, at: number): TaskState => {
  const { attemptEnd, reason, counted, notBefore } = settlement;
  const state = nextState(row, settlement);
  const { cancelActor } = row;
  tables.changeAttempt(attempt, { endedAt: at, end: attemptEnd, reason, counted });
  const waits = state === 'ready' || state === 'blocked';
  move(tables, row, state, {
    reason,
    notBefore,
    cancelActor: null,
    cancelReason: null,
    ...(counted ? { counted: row.counted + 1 } : {}),
    ...(waits ? { pool: null, runnerId: null, slotId: null } : {}),
    ...(state === 'ready' ? { readyAt: at, change: nextChange(tables) } : {}),
  });
  for (const draft of settlement.events) {
    if (draft.type !== 'TaskReady' || state === 'ready') note(tables, signed(draft, cancelActor));
  }
  if (state === 'failed' || state === 'cancelled') tables.meta.doom += 1;
  if (satisfies(state, row.optional)) satisfyDependents(tables, row.key, { actor: 'dispatcher', at });
  return state;
};

/** In the attempt's own transaction, so that no later dispatcher forgets it. */
const noteThrottle = (tables: Tables, row: TaskRow, attempt: AttemptRow, request: SettleRequest, until: number): void => {
  const { runnerId, slotId, pool, attempt: number } = attempt;
  const reason = 'reason' in request.outcome ? request.outcome.reason : '';
  const place = { spec: row.spec, taskId: row.id, attempt: number, runnerId, slotId, pool };
  note(tables, event('PoolThrottled', request.at, `runner:${runnerId}`, { ...place, details: { reason, until } }));
};

/** Writes down how an attempt ended and what follows, by the rules of the domain's `settle`. */
export const settleAttempt = (tables: Tables, request: SettleRequest): Result<SettleReport, PortError> => {
  const fenced = outOfOffice(tables, request.epoch);
  if (fenced !== null) return err(fenced);
  const row = tables.task(request.key);
  if (row === undefined) return err(noSuchTask(request.key));
  const attempt = tables.attempt(row.position, request.attempt);
  if (attempt === undefined || attempt.attempt !== row.fence || attempt.end !== null) {
    return refuse(tables, row, attempt, request);
  }
  const settlement = settle({
    outcome: heeding(row, request),
    spec: row.spec,
    taskId: row.id,
    attempt: attempt.attempt,
    runnerId: attempt.runnerId,
    slotId: attempt.slotId,
    pool: attempt.pool,
    countedBefore: row.counted,
    startedAt: attempt.startedAt,
    at: request.at,
    retry: request.retry,
    luck: request.luck,
  });
  const before = tables.meta.lastChange;
  const taskState = write(tables, row, attempt, settlement, request.at);
  // Also where the task itself is cancelled: the pool is throttled all the same.
  const until = throttledUntil(request);
  if (until !== null) noteThrottle(tables, row, attempt, request, until);
  const { reason, notBefore } = settlement;
  return ok({ taskState, reason, notBefore, news: tables.meta.lastChange > before, throttledUntil: until });
};
