import type { OpenDependency } from '../domain/open-dependency.ts';
import { formatDuration } from '../domain/quantities.ts';
import type { ReadyTask, TaskView } from '../domain/task.ts';
import type { Shortage } from './ledger.ts';
import type { Never } from './placement.ts';
import type { Scheduler } from './scheduler.ts';
import { dependenciesText, shortageText } from './why-text.ts';

/** Why a task does not run (R16). For programs; `text` says the same to people. */
export type WhyCode =
  | 'dependencies'
  | 'dependencies_never'
  | 'backing_off'
  | 'no_dispatcher'
  | 'dispatcher_starting'
  | 'dispatcher_ending'
  | 'starting'
  | 'queued'
  | 'needs_input'
  | 'needs_review'
  | Never['code']
  | Shortage['code']
  | Exclude<TaskView['state'], 'blocked' | 'ready' | 'parked'>;

export interface Why {
  readonly code: WhyCode;
  /** One line. */
  readonly text: string;
  readonly dependencies: readonly OpenDependency[];
  /** What limits and pools lack for it, the general ones first. */
  readonly shortages: readonly Shortage[];
  /** ms since the epoch before which it does not start; `null`: nothing puts it off. */
  readonly until: number | null;
}

export interface WhyQuestion {
  readonly task: TaskView;
  /** Of a blocked task. */
  readonly waitsFor: readonly OpenDependency[];
  /** As the scheduler would see it, were it to see it. */
  readonly ready: ReadyTask;
  /** Of the live dispatcher or, while none runs, one that knows the configuration only. */
  readonly scheduler: Scheduler;
  readonly dispatcher: 'none' | 'starting' | 'running' | 'ending';
  /** ms since the epoch. */
  readonly wall: number;
  /** Monotonic ms, as the scheduler has them. */
  readonly monotonic: number;
}

const NOTHING = { dependencies: [], shortages: [], until: null } as const;

const plain = (code: WhyCode, text: string): Why => ({ ...NOTHING, code, text });

const blocked = ({ task, waitsFor }: WhyQuestion): Why => {
  const never = waitsFor.filter((one) => one.never !== null);
  const text = never.length === 0 ? (task.reason ?? dependenciesText(waitsFor)) : dependenciesText(never);
  const isNever = never.length > 0 || text.startsWith('blocked by');
  return { ...NOTHING, code: isNever ? 'dependencies_never' : 'dependencies', text, dependencies: waitsFor };
};

const parked = ({ reason }: TaskView): Why => {
  const code = reason?.startsWith('needs_review') === true ? 'needs_review' : 'needs_input';
  return plain(code, `waits for a person: ${reason ?? code}`);
};

/** When it may start again; `null` where nothing puts it off. */
const startsAgainAt = ({ task, scheduler, wall, monotonic }: WhyQuestion): number | null => {
  if (task.notBefore !== null && task.notBefore > wall) return task.notBefore;
  const due = scheduler.delayedUntil(task.key);
  return due !== null && due > monotonic ? Math.ceil(wall + (due - monotonic)) : null;
};

const backingOff = ({ task, wall }: WhyQuestion, until: number): Why => {
  const after = task.reason === null ? 'its last start did not get through' : task.reason;
  return { ...NOTHING, code: 'backing_off', text: `tried again in ${formatDuration(until - wall)}, after: ${after}`, until };
};

/** What a live dispatcher with its scheduler has to say of a task that it could start. */
const waiting = (question: WhyQuestion): Why => {
  const { task, scheduler } = question;
  const run = scheduler.runnerOf(task.key);
  if (run !== undefined) return plain('starting', `is being started on pool ${run.pool} as ${run.runnerId}`);
  const until = startsAgainAt(question);
  if (until !== null) return backingOff(question, until);
  const ready = scheduler.waitingTask(task.key) ?? question.ready;
  const { ledger } = scheduler;
  const general = ledger.generalShortages(ready);
  const ofPools = scheduler.candidatesOf(ready).map((pool) => scheduler.poolShortages(ready, pool));
  const open = ofPools.some((found) => found.length === 0);
  const shortages: readonly Shortage[] = [...general, ...(open ? [] : ofPools.flat())];
  const [first] = shortages;
  const throttled = first?.code === 'pool_throttled' ? first.until : null;
  if (first === undefined) return plain('queued', 'is ready, and starts in a moment');
  return { ...NOTHING, code: first.code, text: shortages.map((one) => shortageText(one, question.wall)).join('; '), shortages, until: throttled };
};

const ready = (question: WhyQuestion): Why => {
  const { scheduler, dispatcher, task } = question;
  const asSeen = scheduler.waitingTask(task.key) ?? question.ready;
  const never = scheduler.never(asSeen);
  if (never !== null) {
    const shortages = scheduler.candidatesOf(asSeen).flatMap((pool) => scheduler.poolShortages(asSeen, pool));
    return { ...NOTHING, code: never.code, text: never.reason, shortages };
  }
  switch (dispatcher) {
    case 'none':
      return plain('no_dispatcher', 'is ready, but no dispatcher runs; start one with: dispatcher start');
    case 'starting':
      return plain('dispatcher_starting', 'the dispatcher has only begun: it takes over what an earlier one left');
    case 'ending':
      return plain('dispatcher_ending', 'the dispatcher is about to end and starts nothing more');
    case 'running':
      return waiting(question);
  }
};

/** Why the task does not run, or that it does. Pure. */
export const why = (question: WhyQuestion): Why => {
  const { task } = question;
  switch (task.state) {
    case 'blocked':
      return blocked(question);
    case 'ready':
      return ready(question);
    case 'parked':
      return parked(task);
    case 'running': {
      const how = task.reason === null ? '' : `, ${task.reason}`;
      return plain('running', `runs on pool ${task.pool ?? 'unknown'} (attempt ${task.attempts})${how}`);
    }
    case 'failed':
      return plain('failed', `failed: ${task.reason ?? 'no reason given'}; try again with: dispatcher task retry ${task.key}`);
    case 'done':
      return plain('done', 'is done');
    case 'cancelled':
    case 'skipped':
      return plain(task.state, task.reason ?? task.state);
  }
};
