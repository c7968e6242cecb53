import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { backoffDelayMs } from '../../../src/domain/backoff.ts';
import type { RetryPolicy } from '../../../src/domain/task.ts';

const POLICY: RetryPolicy = {
  maxAttempts: 3,
  initialIntervalMs: 10_000,
  backoffBase: 2,
  maxIntervalMs: 300_000,
  jitter: 0,
};

describe('the delay before a retry', () => {
  for (const [failures, seconds] of [[1, 10], [2, 20], [3, 40], [4, 80], [5, 160], [6, 300], [60, 300]] as const) {
    it(`is ${seconds} s after failure ${failures}`, () => {
      assert.equal(backoffDelayMs(POLICY, failures, 0.5), seconds * 1000);
    });
  }

  it('counts no failure as the first', () => {
    assert.equal(backoffDelayMs(POLICY, 0, 0.5), 10_000);
  });

  it('moves by the share that jitter allows, and by luck', () => {
    const policy = { ...POLICY, jitter: 0.1 };
    assert.equal(backoffDelayMs(policy, 1, 0), 9000);
    assert.equal(backoffDelayMs(policy, 1, 0.5), 10_000);
    assert.equal(backoffDelayMs(policy, 1, 0.75), 10_500);
  });

  it('is nothing when it begins with nothing, even after so many failures that the factor is infinite', () => {
    assert.equal(backoffDelayMs({ ...POLICY, initialIntervalMs: 0 }, 5000, 0.9), 0);
  });
});
