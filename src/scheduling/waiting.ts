import type { TaskState } from '../domain/task.ts';
import type { Scheduler } from './scheduler.ts';
import type { Shortage } from './shortage.ts';
import type { WhyCode } from './why.ts';
import { shortageText } from './why-text.ts';

/** So many tasks wait for the same reason. */
export interface WaitingReason {
  /** As `why` has it for each of them; `parked`: a person has to answer. */
  readonly code: WhyCode | 'parked';
  readonly count: number;
  /** A few words, to follow the number. */
  readonly text: string;
}

export interface WaitingQuestion {
  readonly counts: Readonly<Record<TaskState, number>>;
  /** Blocked tasks that can never go on as things are. */
  readonly stuck: number;
  readonly scheduler: Pick<Scheduler, 'waitingClasses' | 'delayed' | 'never' | 'candidatesOf' | 'poolShortages' | 'ledger'>;
  readonly dispatcher: 'none' | 'starting' | 'running' | 'ending';
}

/** Classes of tasks that are looked at one by one; of those beyond, it is only said that they wait for their turn. */
const MOST_CLASSES = 10_000;

/** A shortage in as few words as a summary allows. */
const brief = (shortage: Shortage): string => {
  switch (shortage.code) {
    case 'global_concurrency':
      return `at max_global_concurrency (${shortage.used}/${shortage.limit})`;
    case 'slots':
      return `no slot free (${shortage.used}/${shortage.limit})`;
    case 'spec_concurrency':
      return `their set at its limit (${shortage.used}/${shortage.limit})`;
    case 'concurrency_key':
      return `key ${shortage.key} taken (${shortage.used}/${shortage.limit})`;
    case 'pool_concurrency':
      return `${shortage.pool} full (${shortage.used}/${shortage.limit})`;
    case 'reserved_for':
      return `${shortage.pool} kept for ${shortage.task}`;
    case 'pool_not_accepting':
      return `${shortage.pool} ${shortage.state}`;
    case 'pool_throttled':
      return `${shortage.pool} throttled`;
    default:
      // These know no time.
      return shortageText(shortage, 0);
  }
};

/** Adds up tasks by code and words, in the order in which reasons are first met. */
class Reasons {
  readonly #found = new Map<string, { code: WaitingReason['code']; count: number; text: string }>();

  add(code: WaitingReason['code'], text: string, count: number): void {
    if (count <= 0) return;
    const name = `${code} ${text}`;
    const known = this.#found.get(name);
    if (known === undefined) this.#found.set(name, { code, count, text });
    else known.count += count;
  }

  /** Most first. */
  get all(): readonly WaitingReason[] {
    return [...this.#found.values()].toSorted((a, b) => b.count - a.count);
  }
}

/** Every class by its head: what keeps one of a class from starting keeps all of it. Returns how many were counted. */
const addQueued = (reasons: Reasons, { scheduler, dispatcher }: WaitingQuestion): number => {
  const { ledger } = scheduler;
  let counted = 0;
  let looked = 0;
  for (const { head, size } of scheduler.waitingClasses()) {
    looked += 1;
    if (looked > MOST_CLASSES) break;
    counted += size;
    const never = scheduler.never(head);
    if (never !== null) {
      reasons.add(never.code, `stuck: ${never.reason}`, size);
      continue;
    }
    const ofPools = scheduler.candidatesOf(head).map((pool) => scheduler.poolShortages(head, pool));
    const open = ofPools.some((found) => found.length === 0);
    // One word for each pool is enough: the first that it lacks.
    const lacks = [...ledger.generalShortages(head), ...(open ? [] : ofPools.flatMap((found) => found.slice(0, 1)))];
    const [first] = lacks;
    if (dispatcher === 'ending') reasons.add('dispatcher_ending', 'for the next dispatcher: this one is about to end', size);
    else if (first === undefined) reasons.add('queued', 'about to start', size);
    else reasons.add(first.code, lacks.map(brief).join(', '), size);
  }
  return counted;
};

const UNSEEN = {
  none: ['no_dispatcher', 'for a dispatcher to be started'],
  starting: ['dispatcher_starting', 'for the dispatcher, which has only begun'],
  running: ['starting', 'being started'],
  ending: ['dispatcher_ending', 'for the next dispatcher: this one is about to end'],
} as const;

/**
 * Why tasks wait, summed up (R16): by the classes of the queue, and so at a cost that does not grow with
 * the tasks in them. Most first. The counts add up to the tasks that are blocked, ready or parked.
 */
export const waitingReasons = (question: WaitingQuestion): readonly WaitingReason[] => {
  const { counts, stuck, scheduler, dispatcher } = question;
  const reasons = new Reasons();
  const queued = addQueued(reasons, question);
  const backingOff = Math.min(scheduler.delayed, counts.ready);
  reasons.add('backing_off', 'backing off', backingOff);
  const [code, text] = UNSEEN[dispatcher];
  reasons.add(code, text, counts.ready - queued - backingOff);
  const neverGoOn = Math.min(stuck, counts.blocked);
  reasons.add('dependencies_never', 'stuck', neverGoOn);
  reasons.add('dependencies', 'for other tasks', counts.blocked - neverGoOn);
  reasons.add('parked', 'for a person', counts.parked);
  return reasons.all;
};

/** `41 waiting: 30 docker full (4/4), 8 backing off, 3 stuck`; `null` where nothing waits. */
export const waitingLine = (reasons: readonly Pick<WaitingReason, 'count' | 'text'>[]): string | null => {
  if (reasons.length === 0) return null;
  const total = reasons.reduce((sum, { count }) => sum + count, 0);
  return `${total} waiting: ${reasons.map(({ count, text }) => `${count} ${text}`).join(', ')}`;
};
