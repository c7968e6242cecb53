import type { RetryPolicy } from './task.ts';

/**
 * Delay before the next attempt, in milliseconds: `min(initial · base^(n−1), max)`, moved by up to
 * ± `jitter` of itself.
 *
 * @param failures attempts that have failed so far, at least 1
 * @param luck uniform in [0, 1); 0.5 leaves the delay as it is
 */
export const backoffDelayMs = (policy: RetryPolicy, failures: number, luck: number): number => {
  const plain = Math.min(
    policy.initialIntervalMs * policy.backoffBase ** (Math.max(1, failures) - 1),
    policy.maxIntervalMs,
  );
  const spread = plain * policy.jitter * (2 * luck - 1);
  return Math.max(0, Math.round(Math.min(plain + spread, policy.maxIntervalMs)));
};
