import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { outcomeOf, type ExitStatus, type ObservedExit, type RunnerResult } from '../../../src/domain/outcome.ts';

const judge = (status: ExitStatus, said: ObservedExit['result']) => outcomeOf({ ...status, result: said });

const exit = (exitCode: number | null, signal: string | null = null) => ({ exitCode, signal });
const result = (status: RunnerResult['status'], rest: Partial<RunnerResult> = {}): RunnerResult => ({
  status,
  reason: null,
  summary: null,
  retryable: null,
  retryAfterMs: null,
  ...rest,
});

describe('an attempt that said nothing', () => {
  it('succeeded with exit code 0', () => {
    assert.deepEqual(judge(exit(0), null), { kind: 'succeeded', status: 'done', summary: null });
  });

  for (const code of [1, 2, 127, 255]) {
    it(`failed with exit code ${code}, to be retried`, () => {
      assert.deepEqual(judge(exit(code), null), { kind: 'failed', reason: `exit code ${code}`, retryable: true });
    });
  }

  it('says what it meant by exit codes 75 and 78', () => {
    const asks = { kind: 'failed', reason: 'exit code 75 (asks for a retry)', retryable: true };
    const forbids = { kind: 'failed', reason: 'exit code 78 (forbids a retry)', retryable: false };
    assert.deepEqual(judge(exit(75), null), asks);
    assert.deepEqual(judge(exit(78), null), forbids);
  });

  it('failed when a signal ended it, and names the signal', () => {
    assert.deepEqual(judge(exit(null, 'SIGKILL'), null), {
      kind: 'failed',
      reason: 'killed by SIGKILL',
      retryable: true,
    });
  });

  it('failed when it ran out of memory, whatever its code, and says by which limit', () => {
    const outOf = (limitMb: number | null, code: number | null) =>
      judge({ exitCode: code, signal: code === null ? 'SIGKILL' : null, cause: { kind: 'outOfMemory', limitMb } }, null);
    assert.deepEqual(outOf(512, null), { kind: 'failed', reason: 'out of memory (limit 512 MB)', retryable: true });
    assert.deepEqual(outOf(512, 0), { kind: 'failed', reason: 'out of memory (limit 512 MB), then ended by exit code 0', retryable: true });
    assert.deepEqual(outOf(null, 78), { kind: 'failed', reason: 'out of memory, then ended by exit code 78', retryable: false });
  });

  it('succeeded all the same if it says so itself', () => {
    const ended = { exitCode: 0, signal: null, cause: { kind: 'outOfMemory', limitMb: 64 } } as const;
    assert.equal(judge(ended, result('done')).kind, 'succeeded');
  });

  it('failed when nobody saw it end', () => {
    assert.equal(judge(exit(null), null).kind, 'failed');
  });
});

describe('a result', () => {
  it('outranks the exit code, both ways', () => {
    assert.equal(judge(exit(1), result('done')).kind, 'succeeded');
    assert.equal(judge(exit(0), result('failed')).kind, 'failed');
    assert.equal(judge(exit(null, 'SIGTERM'), result('no_change')).kind, 'succeeded');
  });

  it('decides about the retry, which is the default', () => {
    assert.deepEqual(judge(exit(78), result('failed', { reason: 'no net' })), {
      kind: 'failed',
      reason: 'no net',
      retryable: true,
    });
    assert.deepEqual(judge(exit(1), result('failed', { reason: 'never', retryable: false })), {
      kind: 'failed',
      reason: 'never',
      retryable: false,
    });
  });

  it('parks a task that needs a person', () => {
    assert.deepEqual(judge(exit(0), result('needs_input', { reason: 'which colour?' })), {
      kind: 'parked',
      need: 'input',
      reason: 'which colour?',
    });
    assert.deepEqual(judge(exit(0), result('needs_review', { summary: 'please look' })), {
      kind: 'parked',
      need: 'review',
      reason: 'please look',
    });
  });

  it('tells for how long the other side wants to be left alone', () => {
    assert.deepEqual(judge(exit(0), result('rate_limited', { retryAfterMs: 5 })), {
      kind: 'throttled',
      reason: 'no reason given',
      retryAfterMs: 5,
    });
  });

  it('that cannot be read fails a good exit and does not excuse a bad one', () => {
    assert.deepEqual(judge(exit(0), { unreadable: 'is not JSON' }), {
      kind: 'failed',
      reason: 'result.json: is not JSON',
      retryable: true,
    });
    assert.deepEqual(judge(exit(78), { unreadable: 'is not JSON' }), {
      kind: 'failed',
      reason: 'exit code 78 (forbids a retry)',
      retryable: false,
    });
  });
});
