import type { RetryPolicy } from './task.ts';

/**
 * Delay before the next attempt, in milliseconds: `min(initial · base^(n−1), max)`, moved by up to
 * ± `jitter` of itself.
 *
 * @param failures attempts that have failed so far, at least 1
 * @param luck uniform in [0, 1); 0.5 leaves the delay as it is
 */
export const backoffDelayMs = (policy: RetryPolicy, failures: number, luck: number): number => {
  const factor = policy.backoffBase ** (Math.max(1, failures) - 1);
  // After a thousand failures the factor is infinite, and infinitely many times nothing is no number.
  const grown = policy.initialIntervalMs === 0 ? 0 : policy.initialIntervalMs * factor;
  const plain = Math.min(grown, policy.maxIntervalMs);
  const spread = plain * policy.jitter * (2 * luck - 1);
  return Math.max(0, Math.round(Math.min(plain + spread, policy.maxIntervalMs)));
};
