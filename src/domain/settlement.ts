import { backoffDelayMs } from './backoff.ts';
import { event, type EventDraft, type EventType } from './events.ts';
import type { PoolName, RunnerId, SlotId, SpecName, TaskId } from './ids.ts';
import type { Outcome } from './outcome.ts';
import type { RetryPolicy, TaskState } from './task.ts';

/** How an attempt is written down once it is over. */
export type AttemptEnd = 'done' | 'failed' | 'timedOut' | 'lost' | 'cancelled';

/** What the registry knows of the attempt that is being settled. */
export interface SettlementFacts {
  readonly outcome: Outcome;
  readonly spec: SpecName;
  readonly taskId: TaskId;
  readonly attempt: number;
  readonly runnerId: RunnerId;
  readonly slotId: SlotId | null;
  readonly pool: PoolName;
  /** Earlier attempts of this task that count against `maxAttempts`. */
  readonly countedBefore: number;
  /** ms since the epoch; `null` when it was never launched. */
  readonly startedAt: number | null;
  readonly at: number;
  readonly retry: RetryPolicy;
  /** Uniform in [0, 1), for jitter. */
  readonly luck: number;
}

/** What follows from an outcome: the task's next state, and the events that tell of it, in order. */
export interface Settlement {
  readonly attemptEnd: AttemptEnd;
  readonly taskState: Extract<TaskState, 'done' | 'failed' | 'ready' | 'cancelled' | 'parked'>;
  /** Whether the attempt counts against `maxAttempts`. */
  readonly counted: boolean;
  readonly reason: string | null;
  /** Wall time (ms) before which a retry must not start. */
  readonly notBefore: number | null;
  readonly events: readonly EventDraft[];
}

/** How long a pool pauses that was throttled, when the other side did not say. */
export const DEFAULT_THROTTLE_MS = 60_000;

/** When the pool of a throttled attempt may be used again, ms since the epoch; `null`: it was not throttled. */
export const throttledUntil = ({ outcome, at }: Pick<SettlementFacts, 'outcome' | 'at'>): number | null =>
  outcome.kind === 'throttled' ? at + (outcome.retryAfterMs ?? DEFAULT_THROTTLE_MS) : null;

const RUNNER_EVENT: Readonly<Record<AttemptEnd, EventType>> = {
  done: 'RunnerCompleted',
  failed: 'RunnerFailed',
  timedOut: 'RunnerTimedOut',
  lost: 'RunnerLost',
  cancelled: 'RunnerCancelled',
};

const ATTEMPT_END: Readonly<Record<Outcome['kind'], AttemptEnd>> = {
  succeeded: 'done',
  parked: 'done',
  failed: 'failed',
  launchFailed: 'failed',
  throttled: 'failed',
  timedOut: 'timedOut',
  lost: 'lost',
  cancelled: 'cancelled',
  interrupted: 'cancelled',
};

/** One line for a person: the kind first where the reason alone would not tell. */
const reasonOf = (outcome: Outcome): string | null => {
  switch (outcome.kind) {
    case 'succeeded':
      return outcome.summary;
    case 'timedOut':
    case 'lost':
      return `${outcome.kind}: ${outcome.reason}`;
    case 'launchFailed':
      return `launch_failed: ${outcome.reason}`;
    case 'parked':
      return `needs_${outcome.need}: ${outcome.reason}`;
    case 'throttled':
    case 'failed':
    case 'cancelled':
    case 'interrupted':
      return outcome.reason;
  }
};

type Next = Pick<Settlement, 'taskState' | 'counted' | 'notBefore'>;

const mayRetry = (outcome: Outcome): boolean =>
  outcome.kind === 'failed' || outcome.kind === 'launchFailed' ? outcome.retryable : true;

const nextState = (facts: SettlementFacts): Next => {
  const { outcome, at, retry } = facts;
  switch (outcome.kind) {
    case 'succeeded':
      return { taskState: 'done', counted: true, notBefore: null };
    case 'parked':
      return { taskState: 'parked', counted: false, notBefore: null };
    case 'cancelled':
      return { taskState: 'cancelled', counted: false, notBefore: null };
    case 'interrupted':
      return { taskState: 'ready', counted: false, notBefore: null };
    // The pool pauses, not the task: another one may take it at once.
    case 'throttled':
      return { taskState: 'ready', counted: false, notBefore: null };
    case 'failed':
    case 'timedOut':
    case 'lost':
    case 'launchFailed': {
      const failures = facts.countedBefore + 1;
      if (!mayRetry(outcome) || failures >= retry.maxAttempts) {
        return { taskState: 'failed', counted: true, notBefore: null };
      }
      const delay = backoffDelayMs(retry, failures, facts.luck);
      return { taskState: 'ready', counted: true, notBefore: at + delay };
    }
  }
};

const taskEvent = (kind: Outcome['kind'], state: Settlement['taskState']): EventType => {
  switch (state) {
    case 'done':
      return 'TaskCompleted';
    case 'failed':
      return 'TaskFailed';
    case 'cancelled':
      return 'TaskCancelled';
    case 'parked':
      return 'TaskParked';
    case 'ready':
      return kind === 'interrupted' ? 'TaskReady' : 'TaskRetryScheduled';
  }
};

/** R9 in one place: every registry asks this, so that all of them decide alike. */
export const settle = (facts: SettlementFacts): Settlement => {
  const next = nextState(facts);
  const attemptEnd = ATTEMPT_END[facts.outcome.kind];
  const reason = reasonOf(facts.outcome);
  const common = {
    spec: facts.spec,
    taskId: facts.taskId,
    attempt: facts.attempt,
    runnerId: facts.runnerId,
    slotId: facts.slotId,
    pool: facts.pool,
    durationMs: facts.startedAt === null ? null : Math.max(0, facts.at - facts.startedAt),
  };
  const because = reason === null ? {} : { reason };
  const details = next.notBefore === null ? because : { ...because, delay_ms: next.notBefore - facts.at };
  return {
    ...next,
    attemptEnd,
    reason,
    events: [
      event(RUNNER_EVENT[attemptEnd], facts.at, `runner:${facts.runnerId}`, {
        ...common,
        details: { ...because, outcome: facts.outcome.kind },
      }),
      event(taskEvent(facts.outcome.kind, next.taskState), facts.at, 'dispatcher', { ...common, details }),
    ],
  };
};
