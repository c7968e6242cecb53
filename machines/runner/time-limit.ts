import { formatDuration } from '../../src/domain/quantities.ts';
import type { RunnerContext } from './context.ts';

/** Longest run time of this attempt, ms. */
export const runTimeLimitMs = (context: RunnerContext): number =>
  context.claim?.definition.timeoutMs ?? context.terms.timeoutMs;

/**
 * What is left of it, ms: an adopted runner has used some under an earlier dispatcher. Measured on
 * the monotonic clock, so that a jump of the wall clock takes no time from anybody.
 */
export const runTimeLeftMs = (context: RunnerContext): number => {
  const used = context.startedAt === null ? 0 : Math.max(0, context.terms.now() - context.startedAt);
  return Math.max(0, runTimeLimitMs(context) - used);
};

export const timeoutReason = (context: RunnerContext): string =>
  `ran longer than its limit of ${formatDuration(runTimeLimitMs(context))}`;
