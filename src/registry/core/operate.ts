import { event } from '../../domain/events.ts';
import { portError, type PortError } from '../../domain/failures.ts';
import type { TaskKey } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { isTerminal } from '../../domain/task.ts';
import type { OperationReport, OperationRequest } from '../../ports/task-registry.ts';
import { noSuchTask } from './claim.ts';
import type { TaskPatch, TaskRow } from './rows.ts';
import { satisfies } from './satisfaction.ts';
import { isStorable } from './submit.ts';
import type { Tables } from './tables.ts';
import { feedNews, move, note, noteTask, satisfyDependents, unblock, unsatisfyDependents } from './transition.ts';
import { taskViewOf } from './views.ts';

/** What came of it: whether anything was written, or why it cannot be. */
type Verdict = Result<boolean, PortError>;

const CHANGED = ok(true);
const NOTHING_TO_DO = ok(false);

const refused = (row: TaskRow, rest: string): Verdict => err(portError('invalid', `${row.key} ${rest}`));

/** No attempt is its own any more. */
const NO_ATTEMPT: TaskPatch = { pool: null, runnerId: null, slotId: null };

const sentence = (what: string, reason: string | null, { actor }: OperationRequest): string =>
  `${what} by ${actor}${reason === null ? '' : `: ${reason}`}`;

const detailsOf = (reason: string | null): Readonly<Record<string, unknown>> => (reason === null ? {} : { reason });

const setPriority = (tables: Tables, row: TaskRow, priority: number, request: OperationRequest): Verdict => {
  if (!Number.isSafeInteger(priority)) return refused(row, `cannot have the priority ${priority}: expected a whole number`);
  if (isTerminal(row.state)) return refused(row, `is ${row.state}: its priority means nothing any more`);
  if (row.priority === priority) return NOTHING_TO_DO;
  const before = row.priority;
  // The scheduler is told by the feed, and takes a task that it has queued to its new place.
  tables.changeTask(row, { priority, ...feedNews(tables, row) });
  noteTask(tables, 'PriorityChanged', row, request, { from: before, to: priority });
  return CHANGED;
};

/** What runs is not ours to end: the wish is kept until its attempt is settled, by whichever dispatcher. */
const cancelRunning = (tables: Tables, row: TaskRow, why: string, request: OperationRequest): Verdict => {
  if (row.cancelActor !== null) return NOTHING_TO_DO;
  tables.changeTask(row, { cancelActor: request.actor, cancelReason: why });
  const { spec, id: taskId, fence: attempt, runnerId, slotId, pool } = row;
  const place = { spec, taskId, attempt, runnerId, slotId, pool };
  note(tables, event('TaskCancelRequested', request.at, request.actor, { ...place, details: { reason: why } }));
  return CHANGED;
};

const cancel = (tables: Tables, row: TaskRow, reason: string | null, request: OperationRequest): Verdict => {
  const why = sentence('cancelled', reason, request);
  switch (row.state) {
    case 'cancelled':
      return NOTHING_TO_DO;
    case 'done':
    case 'failed':
    case 'skipped':
      return refused(row, `is ${row.state}: there is nothing left to cancel`);
    case 'running':
      return cancelRunning(tables, row, why, request);
    case 'blocked':
    case 'ready':
    case 'parked':
      move(tables, row, 'cancelled', { reason: why, notBefore: null, ...feedNews(tables, row) });
      tables.meta.doom += 1;
      noteTask(tables, 'TaskCancelled', row, request, detailsOf(reason));
      return CHANGED;
  }
};

const retry = (tables: Tables, row: TaskRow, reason: string | null, request: OperationRequest): Verdict => {
  const { state, notBefore } = row;
  switch (state) {
    case 'done':
      return refused(row, 'is done; to have it done again, change it and submit it with --redo-changed');
    case 'running':
      return refused(row, 'is running; cancel it first, and retry it once it is cancelled');
    case 'blocked':
      return NOTHING_TO_DO;
    case 'ready':
      if (notBefore === null) return NOTHING_TO_DO;
      break;
    case 'failed':
    case 'cancelled':
    case 'skipped':
    case 'parked':
      break;
  }
  noteTask(tables, 'TaskRetryRequested', row, request, { ...detailsOf(reason), previous_state: state });
  if (satisfies(state, row.optional)) unsatisfyDependents(tables, row.key, request);
  tables.meta.doom += 1;
  const anew = { ...NO_ATTEMPT, counted: 0, reason: null, notBefore: null };
  // Sending its dependents back may have come round to the task itself.
  const now = tables.task(row.key) ?? row;
  if (now.unsatisfied > 0) move(tables, now, 'blocked', anew);
  else if (unblock(tables, now, request, anew)) satisfyDependents(tables, now.key, request);
  return CHANGED;
};

const skip = (tables: Tables, row: TaskRow, reason: string | null, request: OperationRequest): Verdict => {
  const { state } = row;
  if (state === 'skipped') return NOTHING_TO_DO;
  if (state === 'done') return refused(row, 'is done: there is nothing to skip');
  if (state === 'running') return refused(row, 'is running; cancel it first, and skip it once it is cancelled');
  const wasSatisfied = satisfies(state, row.optional);
  move(tables, row, 'skipped', { reason: sentence('skipped', reason, request), notBefore: null, ...feedNews(tables, row) });
  tables.meta.doom += 1;
  noteTask(tables, 'TaskSkipped', row, request, { ...detailsOf(reason), previous_state: state });
  if (!wasSatisfied) satisfyDependents(tables, row.key, request);
  return CHANGED;
};

const dropDependency = (tables: Tables, row: TaskRow, dependency: TaskKey, request: OperationRequest): Verdict => {
  const before = tables.dependencies(row.position);
  const dropped = before.find(({ key }) => key === dependency);
  if (dropped === undefined) {
    const known = before.map(({ key }) => key).join(', ') || 'nothing';
    return refused(row, `does not depend on ${dependency}; it depends on ${known}`);
  }
  const rest = before.filter(({ key }) => key !== dependency).map(({ key }) => key);
  tables.redefineTask(row, tables.definition(row.position), rest);
  tables.meta.doom += 1;
  noteTask(tables, 'DependencyDropped', row, request, { dependency });
  if (satisfies(dropped.state, dropped.optional)) return CHANGED;
  const unsatisfied = row.unsatisfied - 1;
  if (unsatisfied > 0 || row.state !== 'blocked') tables.changeTask(row, { unsatisfied });
  else if (unblock(tables, row, request, { unsatisfied })) satisfyDependents(tables, row.key, request);
  return CHANGED;
};

const carryOut = (tables: Tables, row: TaskRow, request: OperationRequest): Verdict => {
  const { operation } = request;
  switch (operation.kind) {
    case 'setPriority':
      return setPriority(tables, row, operation.priority, request);
    case 'cancel':
      return cancel(tables, row, operation.reason, request);
    case 'retry':
      return retry(tables, row, operation.reason, request);
    case 'skip':
      return skip(tables, row, operation.reason, request);
    case 'dropDependency':
      return dropDependency(tables, row, operation.dependency, request);
  }
};

/** One wish of a person concerning one task. */
export const operate = (tables: Tables, request: OperationRequest): Result<OperationReport, PortError> => {
  const { key, operation, actor } = request;
  const reason = 'reason' in operation ? operation.reason : null;
  if (!isStorable(`${actor}${reason ?? ''}`)) {
    return err(portError('invalid', 'a reason is of whole characters, without NUL'));
  }
  const row = tables.task(key);
  if (row === undefined) return err(noSuchTask(key));
  const verdict = carryOut(tables, row, request);
  if (!verdict.ok) return verdict;
  const now = tables.task(key) ?? row;
  const stopping = now.state === 'running' && now.cancelActor !== null;
  return ok({ view: taskViewOf(tables, now), changed: verdict.value, stopping });
};
