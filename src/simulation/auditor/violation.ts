/** What must never happen, or what must have happened in the end. */
export const INVARIANTS = {
  oneLiveAttempt: 'a task has at most one live process',
  currentAttempt: 'only the current, open attempt of a task is started',
  exclusiveSlot: 'a slot is held by one runner at a time, and never returned under a live process',
  limits: 'limits and quotas hold at every instant',
  transitions: 'a task goes from state to state as the rules say, and ends stay ends',
  dependencies: 'a task starts only when its dependencies are satisfied',
  attempts: 'attempts are numbered without a gap and never exceed the maximum',
  backoff: 'a retry waits for its back-off',
  order: 'nothing overtakes a task of higher priority that could run in its place',
  events: 'events are complete, numbered without a gap, and told once',
  settledOnce: 'an attempt is settled once, after its process has ended',
  wellLeftAlone: 'nobody who is well is stopped as hung or stalled, or ended as an orphan',
  reportCounts: 'a report that was taken decides, and one that came too late changes nothing',
  noTaskLost: 'no task is lost or invented',
  liveness: 'once faults heal, everything comes to its end or is stuck for a good reason',
  deadlocks: 'what can never go on is reported, and nothing else',
  nothingLeft: 'when all is over nothing runs and nothing is held',
  noBug: 'no actor breaks',
} as const;
export type Invariant = keyof typeof INVARIANTS;

/** An invariant that did not hold, with what led to it. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: Invariant;
  readonly task: string | null;
  readonly step: number;
  readonly recent: readonly string[];

  constructor(invariant: Invariant, what: string, task: string | null, step: number, recent: readonly string[]) {
    super(`${INVARIANTS[invariant]}: ${what}${task === null ? '' : ` (task ${task})`} at step ${step}`);
    this.invariant = invariant;
    this.task = task;
    this.step = step;
    this.recent = recent;
  }
}
