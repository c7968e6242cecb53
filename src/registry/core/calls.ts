import type { StuckReport } from '../../domain/deadlock.ts';
import type { DispatcherEvent } from '../../domain/events.ts';
import type { PortError } from '../../domain/failures.ts';
import type { SpecName, TaskKey } from '../../domain/ids.ts';
import { ok, type Result } from '../../domain/result.ts';
import type { TaskState } from '../../domain/task.ts';
import type { KeyedEvent } from '../../ports/event-journal.ts';
import type {
  ChangeBatch,
  ChangesRequest,
  ClaimRequest,
  EventQuery,
  Holder,
  LaunchRecord,
  OperationReport,
  OperationRequest,
  SettleReport,
  SettleRequest,
  StuckQuery,
  SubmitReport,
  SubmitRequest,
  TaskPage,
  TaskQuery,
} from '../../ports/task-registry.ts';
import { claim, type StoredClaim } from './claim.ts';
import { changes, openAttempts, type StoredOpenAttempt } from './feed.ts';
import { events, task, tasks, type StoredTaskDetail } from './listing.ts';
import { record, takeOffice } from './office.ts';
import { operate } from './operate.ts';
import { recordLaunch } from './record-launch.ts';
import { settleAttempt } from './settle-attempt.ts';
import { stuck } from './stuck.ts';
import { submit } from './submit.ts';
import type { Tables } from './tables.ts';

/** The port's verbs as data that can cross a thread: what is asked, and what is answered. */
export interface Calls {
  takeOffice: { request: { readonly holder: Holder; readonly at: number }; answer: { readonly epoch: number } };
  submit: { request: SubmitRequest; answer: SubmitReport };
  operate: { request: OperationRequest; answer: OperationReport };
  changes: { request: ChangesRequest; answer: ChangeBatch };
  claim: { request: ClaimRequest; answer: StoredClaim };
  recordLaunch: { request: LaunchRecord; answer: null };
  settle: { request: SettleRequest; answer: SettleReport };
  openAttempts: { request: null; answer: readonly StoredOpenAttempt[] };
  record: { request: { readonly epoch: number; readonly events: readonly KeyedEvent[] }; answer: number };
  tasks: { request: TaskQuery; answer: TaskPage };
  task: { request: TaskKey; answer: StoredTaskDetail };
  events: { request: EventQuery; answer: readonly DispatcherEvent[] };
  lastEvent: { request: null; answer: number };
  counts: { request: SpecName | null; answer: Readonly<Record<TaskState, number>> };
  stuck: { request: StuckQuery; answer: StuckReport };
}
export type Verb = keyof Calls;
export type CallOf<V extends Verb> = { readonly verb: V; readonly request: Calls[V]['request'] };
export type Call = { [V in Verb]: CallOf<V> }[Verb];
export type Answer = Result<Calls[Verb]['answer'], PortError>;

const READS: ReadonlySet<Verb> = new Set<Verb>([
  'changes',
  'openAttempts',
  'tasks',
  'task',
  'events',
  'lastEvent',
  'counts',
  'stuck',
]);
export const isRead = (call: Call): boolean => READS.has(call.verb);

/** Rows a call may write, roughly: what decides how many calls share a transaction. */
export const weightOf = (call: Call): number => (call.verb === 'submit' ? 1 + call.request.set.tasks.length : 1);

/** Carries out one call, inside a transaction that the adapter has begun. */
export const evaluate = (tables: Tables, call: Call): Answer => {
  switch (call.verb) {
    case 'takeOffice':
      return takeOffice(tables);
    case 'submit':
      return submit(tables, call.request);
    case 'operate':
      return operate(tables, call.request);
    case 'changes':
      return changes(tables, call.request);
    case 'claim':
      return claim(tables, call.request);
    case 'recordLaunch':
      return recordLaunch(tables, call.request);
    case 'settle':
      return settleAttempt(tables, call.request);
    case 'openAttempts':
      return openAttempts(tables);
    case 'record':
      return record(tables, call.request);
    case 'tasks':
      return tasks(tables, call.request);
    case 'task':
      return task(tables, call.request);
    case 'events':
      return events(tables, call.request);
    case 'lastEvent':
      return ok(tables.meta.lastSeq);
    case 'counts':
      return ok(tables.counts(call.request));
    case 'stuck':
      return stuck(tables, call.request);
  }
};
