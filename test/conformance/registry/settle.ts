import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DispatcherEvent } from '../../../src/domain/events.ts';
import { ask, must, refused, type AtDesk } from './desk.ts';
import { cancelled, failed, failedForGood, interrupted, runnerOf, succeeded, taskSet } from './samples.ts';

export const settleConformance = (atDesk: AtDesk): void => {
  describe('settle', () => {
    it('a success ends attempt and task, and frees the dependents', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] }, c: { needs: ['a', 'b'] } }));
      await desk.claim('s/a');
      await must(desk.tryLaunch('s/a', 1));
      const seq = await desk.lastSeq();
      desk.now += 250;
      const report = await desk.settle('s/a', 1, succeeded);
      assert.deepEqual(report, { taskState: 'done', reason: 'all good', notBefore: null, news: true, throttledUntil: null });
      assert.deepEqual(await desk.story(seq), ['RunnerCompleted a', 'TaskCompleted a', 'TaskReady b']);
      const [completed] = await desk.events(seq);
      assert.deepEqual([completed?.durationMs, completed?.runnerId], [250, runnerOf('s/a', 1)]);
      const { view, attempts } = await desk.detail('s/a');
      assert.deepEqual([view.state, view.reason, view.pool], ['done', null, 'local']);
      assert.deepEqual([attempts[0]?.end, attempts[0]?.endedAt, attempts[0]?.counted], ['done', desk.now, true]);
      assert.equal(await desk.state('s/b'), 'ready');
      assert.equal(await desk.state('s/c'), 'blocked');
    }));

    it('a failure sends the task back with a time, and at the maximum fails it', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] } }));
      const first = await desk.attempt('s/a', failed);
      const notBefore = desk.now + 1_000;
      assert.deepEqual(first, { taskState: 'ready', reason: 'exit code 1', notBefore, news: true, throttledUntil: null });
      const waiting = await desk.view('s/a');
      assert.deepEqual([waiting.reason, waiting.notBefore, waiting.slotId], ['exit code 1', notBefore, null]);
      const seq = await desk.lastSeq();
      const second = await desk.attempt('s/a', failed, 1);
      assert.deepEqual(second, { taskState: 'failed', reason: 'exit code 1', notBefore: null, news: false, throttledUntil: null });
      assert.deepEqual((await desk.story(seq)).slice(2), ['RunnerFailed a', 'TaskFailed a']);
      assert.equal((await desk.view('s/a')).reason, 'exit code 1');
      assert.equal(await desk.state('s/b'), 'blocked');
    }));

    it('an interruption uses up no attempt', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      for (const fence of [0, 1, 2]) {
        const report = await desk.attempt('s/a', interrupted, fence);
        assert.equal(report.taskState, 'ready');
        assert.equal(report.notBefore, null);
      }
      assert.equal((await desk.attempt('s/a', failed, 3)).taskState, 'ready');
      assert.equal((await desk.attempt('s/a', failed, 4)).taskState, 'failed');
    }));

    it('throttled: uses up no attempt, puts nothing off, and tells in the same breath until when its pool pauses', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      const seq = await desk.lastSeq();
      const report = await desk.attempt('s/a', { kind: 'throttled', reason: 'slow down', retryAfterMs: 7 });
      assert.deepEqual(report, { taskState: 'ready', reason: 'slow down', notBefore: null, news: true, throttledUntil: desk.now + 7 });
      assert.deepEqual((await desk.story(seq)).slice(-3), ['RunnerFailed a', 'TaskRetryScheduled a', 'PoolThrottled a']);
      const throttles = await must(
        ask<readonly DispatcherEvent[]>((reply) =>
          desk.registry.events({ after: 0, limit: 10, types: ['PoolThrottled', 'PoolUnthrottled'] }, reply),
        ),
      );
      assert.deepEqual(throttles.map(({ pool, details }) => [pool, details]), [['local', { reason: 'slow down', until: desk.now + 7 }]]);
      assert.equal((await desk.detail('s/a')).attempts[0]?.counted, false);
    }));

    it('an optional task that fails lets its dependents go on', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: { optional: true }, b: { needs: ['a'] } }));
      const report = await desk.attempt('s/a', failedForGood);
      assert.deepEqual([report.taskState, report.news], ['failed', true]);
      assert.equal(await desk.state('s/b'), 'ready');
    }));

    it('parks and cancels', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: {} }));
      const parked = await desk.attempt('s/a', { kind: 'parked', need: 'input', reason: 'which way?' });
      assert.equal(parked.taskState, 'parked');
      assert.equal((await desk.view('s/a')).reason, 'needs_input: which way?');
      assert.equal((await desk.attempt('s/b', cancelled)).taskState, 'cancelled');
      assert.equal((await desk.view('s/b')).reason, 'by a person');
    }));

    it('settles an attempt that was never launched', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      await desk.claim('s/a');
      const seq = await desk.lastSeq();
      await desk.settle('s/a', 1, { kind: 'launchFailed', reason: 'no such program', retryable: false });
      const [told] = await desk.events(seq);
      assert.deepEqual([told?.type, told?.durationMs], ['RunnerFailed', null]);
      assert.equal((await desk.view('s/a')).reason, 'launch_failed: no such program');
    }));

    it('refuses a late report, keeps it, and changes nothing else', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] } }));
      await desk.attempt('s/a', failed);
      await desk.claim('s/a', 1);
      const before = await desk.detail('s/a');
      const seq = await desk.lastSeq();
      const error = await refused(desk.trySettle('s/a', 1, succeeded));
      assert.equal(error.kind, 'fenced');
      assert.match(error.message, /attempt 1 at s\/a is over: the task is running after 2 starts/);
      assert.deepEqual(await desk.detail('s/a'), before);
      assert.equal(await desk.state('s/b'), 'blocked');
      const [kept, ...more] = await desk.events(seq);
      assert.deepEqual(more, []);
      assert.equal(kept?.type, 'ReportRefused');
      assert.equal(kept.actor, `runner:${runnerOf('s/a', 1)}`);
      assert.deepEqual(kept.details, { outcome: succeeded, task_state: 'running', current_attempt: 2 });
    }));

    it('refuses the second of two reports, in one tick and later', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      await desk.claim('s/a');
      const [first, second] = await Promise.all([
        desk.trySettle('s/a', 1, succeeded),
        desk.trySettle('s/a', 1, failed),
      ]);
      assert.equal(first.ok, true);
      assert.equal((await refused(Promise.resolve(second))).kind, 'fenced');
      assert.equal((await refused(desk.trySettle('s/a', 1, failed))).kind, 'fenced');
      assert.equal((await refused(desk.trySettle('s/a', 2, failed))).kind, 'fenced');
      assert.equal(await desk.state('s/a'), 'done');
    }));

    it('is notFound for a task that does not exist', atDesk(async (desk) => {
      assert.equal((await refused(desk.trySettle('s/none', 1, succeeded))).kind, 'notFound');
    }));
  });
};
