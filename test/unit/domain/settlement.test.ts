import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { poolName, runnerId, slotId, specName, taskId } from '../../../src/domain/ids.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import { DEFAULT_THROTTLE_MS, settle, throttledUntil, type Settlement, type SettlementFacts } from '../../../src/domain/settlement.ts';

const AT = 1_000_000;

const facts = (outcome: Outcome, rest: Partial<SettlementFacts> = {}): SettlementFacts => ({
  outcome,
  spec: specName('build'),
  taskId: taskId('compile'),
  attempt: 1,
  runnerId: runnerId('r-1'),
  slotId: slotId('s-1'),
  pool: poolName('local'),
  countedBefore: 0,
  startedAt: AT - 500,
  at: AT,
  retry: { maxAttempts: 3, initialIntervalMs: 10_000, backoffBase: 2, maxIntervalMs: 300_000, jitter: 0 },
  luck: 0.5,
  ...rest,
});

type Row = readonly [name: string, facts: SettlementFacts, expected: Partial<Settlement>, events: readonly string[]];

const failed: Outcome = { kind: 'failed', reason: 'exit code 1', retryable: true };

const TABLE: readonly Row[] = [
  [
    'success',
    facts({ kind: 'succeeded', status: 'done', summary: 'built' }),
    { attemptEnd: 'done', taskState: 'done', counted: true, reason: 'built', notBefore: null },
    ['RunnerCompleted', 'TaskCompleted'],
  ],
  [
    'a first failure',
    facts(failed),
    { attemptEnd: 'failed', taskState: 'ready', counted: true, reason: 'exit code 1', notBefore: AT + 10_000 },
    ['RunnerFailed', 'TaskRetryScheduled'],
  ],
  [
    'a second failure, which waits longer',
    facts(failed, { countedBefore: 1, attempt: 7 }),
    { taskState: 'ready', notBefore: AT + 20_000 },
    ['RunnerFailed', 'TaskRetryScheduled'],
  ],
  [
    'the last failure',
    facts(failed, { countedBefore: 2 }),
    { attemptEnd: 'failed', taskState: 'failed', counted: true, reason: 'exit code 1', notBefore: null },
    ['RunnerFailed', 'TaskFailed'],
  ],
  [
    'a failure that forbids a retry',
    facts({ kind: 'failed', reason: 'exit code 78', retryable: false }),
    { attemptEnd: 'failed', taskState: 'failed', counted: true },
    ['RunnerFailed', 'TaskFailed'],
  ],
  [
    'a time-out',
    facts({ kind: 'timedOut', reason: 'ran longer than 2h' }),
    { attemptEnd: 'timedOut', taskState: 'ready', counted: true, reason: 'timedOut: ran longer than 2h' },
    ['RunnerTimedOut', 'TaskRetryScheduled'],
  ],
  [
    'the last time-out',
    facts({ kind: 'timedOut', reason: 'ran longer than 2h' }, { countedBefore: 2 }),
    { attemptEnd: 'timedOut', taskState: 'failed', reason: 'timedOut: ran longer than 2h' },
    ['RunnerTimedOut', 'TaskFailed'],
  ],
  [
    'a lost runner',
    facts({ kind: 'lost', reason: 'vanished' }),
    { attemptEnd: 'lost', taskState: 'ready', counted: true },
    ['RunnerLost', 'TaskRetryScheduled'],
  ],
  [
    'a launch that cannot work',
    facts({ kind: 'launchFailed', reason: 'not found', retryable: false }, { startedAt: null }),
    { attemptEnd: 'failed', taskState: 'failed', counted: true, reason: 'launch_failed: not found' },
    ['RunnerFailed', 'TaskFailed'],
  ],
  [
    'a cancelled task',
    facts({ kind: 'cancelled', reason: 'not wanted' }),
    { attemptEnd: 'cancelled', taskState: 'cancelled', counted: false },
    ['RunnerCancelled', 'TaskCancelled'],
  ],
  [
    'an interruption, even when all attempts are used up',
    facts({ kind: 'interrupted', reason: 'shutdown' }, { countedBefore: 3 }),
    { attemptEnd: 'cancelled', taskState: 'ready', counted: false, notBefore: null },
    ['RunnerCancelled', 'TaskReady'],
  ],
  [
    'throttling with a time',
    facts({ kind: 'throttled', reason: 'slow down', retryAfterMs: 5 }, { countedBefore: 2 }),
    { attemptEnd: 'failed', taskState: 'ready', counted: false, notBefore: null },
    ['RunnerFailed', 'TaskRetryScheduled'],
  ],
  [
    'throttling without a time',
    facts({ kind: 'throttled', reason: 'slow down', retryAfterMs: null }),
    { taskState: 'ready', counted: false, notBefore: null },
    ['RunnerFailed', 'TaskRetryScheduled'],
  ],
  [
    'a task that needs a person',
    facts({ kind: 'parked', need: 'review', reason: 'look' }),
    { attemptEnd: 'done', taskState: 'parked', counted: false, reason: 'needs_review: look' },
    ['RunnerCompleted', 'TaskParked'],
  ],
];

describe('settling', () => {
  for (const [name, given, expected, events] of TABLE) {
    it(name, () => {
      const settlement = settle(given);
      assert.partialDeepStrictEqual(settlement, expected);
      assert.deepEqual(
        settlement.events.map((event) => event.type),
        events,
      );
    });
  }

  it('says until when the pool of a throttled attempt pauses, and nothing of other ends', () => {
    const until = (retryAfterMs: number | null) => throttledUntil(facts({ kind: 'throttled', reason: 'slow down', retryAfterMs }));
    assert.equal(until(5), AT + 5);
    assert.equal(until(null), AT + DEFAULT_THROTTLE_MS);
    assert.equal(throttledUntil(facts(failed)), null);
  });

  it('tells everything about the attempt in its events', () => {
    const { events } = settle(facts(failed));
    for (const event of events) {
      assert.partialDeepStrictEqual(event, {
        at: AT,
        spec: 'build',
        taskId: 'compile',
        attempt: 1,
        runnerId: 'r-1',
        slotId: 's-1',
        pool: 'local',
        durationMs: 500,
      });
    }
    assert.deepEqual(events[1]?.details, { reason: 'exit code 1', delay_ms: 10_000 });
  });

  it('knows no duration for what was never launched, and none below zero', () => {
    assert.equal(settle(facts(failed, { startedAt: null })).events[0]?.durationMs, null);
    assert.equal(settle(facts(failed, { startedAt: AT + 1 })).events[0]?.durationMs, 0);
  });
});
