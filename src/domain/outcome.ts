import type { ExitVerdict } from './exit-classes.ts';

/** How one attempt ended, before anyone decides what that means for its task. */
export type Outcome =
  | { readonly kind: 'succeeded'; readonly status: 'done' | 'no_change'; readonly summary: string | null }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryable: boolean }
  | { readonly kind: 'timedOut'; readonly reason: string }
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'launchFailed'; readonly reason: string; readonly retryable: boolean }
  /** A person cancelled the task. */
  | { readonly kind: 'cancelled'; readonly reason: string }
  /** The dispatcher had to stop it (shutdown); uses up no attempt. */
  | { readonly kind: 'interrupted'; readonly reason: string }
  | { readonly kind: 'throttled'; readonly reason: string; readonly retryAfterMs: number | null }
  | { readonly kind: 'parked'; readonly need: 'input' | 'review'; readonly reason: string };

/** How the process, container or pod itself ended, as far as the engine knows. */
export interface ExitStatus {
  /** 0 to 255; `null` when a signal ended it or nobody saw it end. */
  readonly exitCode: number | null;
  /** `SIGKILL` and the like; `null` when it exited by itself. */
  readonly signal: string | null;
  /** What the engine did to it, which code and signal do not tell; absent when that is nothing. */
  readonly cause?: ExitCause;
}

export type ExitCause =
  /** `limitMb`: how much memory it had; `null` when that is not known, or the whole machine ran out. */
  | { readonly kind: 'outOfMemory'; readonly limitMb: number | null }
  /** It was accepted, and its command never came to run. */
  | { readonly kind: 'notStarted'; readonly reason: string; readonly retryable: boolean }
  /** The engine needed its place for something else. */
  | { readonly kind: 'evicted'; readonly reason: string }
  /** The engine itself ended it for the time it took. */
  | { readonly kind: 'timedOut'; readonly reason: string };

/** What a runner says about its own work, by file or by HTTP. */
export interface RunnerResult {
  readonly status: 'done' | 'no_change' | 'failed' | 'needs_input' | 'needs_review' | 'rate_limited';
  readonly reason: string | null;
  readonly summary: string | null;
  readonly retryable: boolean | null;
  readonly retryAfterMs: number | null;
}

/** An end as somebody saw it. `at`: ms since the epoch. */
export interface ObservedExit extends ExitStatus {
  readonly at: number;
  readonly result: RunnerResult | { readonly unreadable: string } | null;
  /** What configured exit codes and output patterns make of it; absent or `null`: nothing. */
  readonly verdict?: ExitVerdict | null;
}

/** `EX_TEMPFAIL` and `EX_CONFIG` of BSD's sysexits.h: please retry, and do not retry. */
const EXIT_RETRY = 75;
export const EXIT_DO_NOT_RETRY = 78;

const PLEAS: ReadonlyMap<number | null, string> = new Map([
  [EXIT_RETRY, 'asks for a retry'],
  [EXIT_DO_NOT_RETRY, 'forbids a retry'],
]);

const ofCause = (cause: ExitCause, exit: ExitStatus): Outcome => {
  switch (cause.kind) {
    case 'outOfMemory': {
      // Some part of it was killed: an exit by 0 after that says nothing of the work.
      const limit = cause.limitMb === null ? '' : ` (limit ${cause.limitMb} MB)`;
      const ended = exit.exitCode === null ? '' : `, then ended by exit code ${exit.exitCode}`;
      return { kind: 'failed', reason: `out of memory${limit}${ended}`, retryable: exit.exitCode !== EXIT_DO_NOT_RETRY };
    }
    case 'notStarted':
      return { kind: 'launchFailed', reason: cause.reason, retryable: cause.retryable };
    case 'evicted':
      return { kind: 'lost', reason: cause.reason };
    case 'timedOut':
      return { kind: 'timedOut', reason: cause.reason };
  }
};

const ofVerdict = ({ kind, by }: ExitVerdict): Outcome =>
  kind === 'throttled' ? { kind, reason: by, retryAfterMs: null } : { kind: 'failed', reason: by, retryable: kind === 'retryable' };

const ofExit = (exit: ExitStatus & Pick<ObservedExit, 'verdict'>): Outcome => {
  if (exit.verdict != null) return ofVerdict(exit.verdict);
  if (exit.cause !== undefined) return ofCause(exit.cause, exit);
  if (exit.signal !== null) {
    return { kind: 'failed', reason: `killed by ${exit.signal}`, retryable: true };
  }
  if (exit.exitCode === 0) return { kind: 'succeeded', status: 'done', summary: null };
  const plea = PLEAS.get(exit.exitCode);
  const reason = `exit code ${exit.exitCode ?? 'unknown'}${plea === undefined ? '' : ` (${plea})`}`;
  return { kind: 'failed', reason, retryable: exit.exitCode !== EXIT_DO_NOT_RETRY };
};

const ofResult = (result: RunnerResult): Outcome => {
  const reason = result.reason ?? result.summary ?? 'no reason given';
  switch (result.status) {
    case 'done':
    case 'no_change':
      return { kind: 'succeeded', status: result.status, summary: result.summary };
    case 'failed':
      return { kind: 'failed', reason, retryable: result.retryable ?? true };
    case 'needs_input':
      return { kind: 'parked', need: 'input', reason };
    case 'needs_review':
      return { kind: 'parked', need: 'review', reason };
    case 'rate_limited':
      return { kind: 'throttled', reason, retryAfterMs: result.retryAfterMs };
  }
};

/**
 * The outcome of an attempt that ended by itself. A result the runner wrote outranks its exit code;
 * without one, configured classes outrank what exit codes mean by themselves. A result that cannot be
 * read does not excuse a failed exit, and turns a good one into a failure, for the runner meant to say
 * something.
 */
export const outcomeOf = (exit: ExitStatus & Pick<ObservedExit, 'result' | 'verdict'>): Outcome => {
  const { result } = exit;
  if (result === null) return ofExit(exit);
  if (!('unreadable' in result)) return ofResult(result);
  const byExit = ofExit(exit);
  if (byExit.kind !== 'succeeded') return byExit;
  return { kind: 'failed', reason: `result.json: ${result.unreadable}`, retryable: true };
};
