import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { OpenAttempt } from '../../../src/ports/task-registry.ts';
import { ask, must, refused, type AtDesk, type Desk } from './desk.ts';
import { failed, failedForGood, interrupted, succeeded, taskSet } from './samples.ts';

const WISH = { kind: 'cancel', reason: 'wrong branch' } as const;
const parked: Outcome = { kind: 'parked', need: 'input', reason: 'which one?' };

const open = (desk: Desk): Promise<readonly OpenAttempt[]> => must(ask((reply) => desk.registry.openAttempts(reply)));

export const operateRunningConformance = (atDesk: AtDesk): void => {
  describe('a person cancels what runs', () => {
    it('it runs on until its runner is stopped; whoever settles it, the person has cancelled it', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      await desk.claim('s/a');
      await must(desk.tryLaunch('s/a', 1));
      const report = await desk.operate('s/a', WISH, 'cli:bob');
      assert.deepEqual([report.changed, report.stopping, report.view.state], [true, true, 'running']);
      assert.equal(report.view.reason, 'being stopped: cancelled by cli:bob: wrong branch');
      const told = (await desk.events()).at(-1);
      assert.deepEqual([told?.type, told?.actor, told?.attempt, told?.pool], ['TaskCancelRequested', 'cli:bob', 1, 'local']);
      const again = await desk.operate('s/a', { kind: 'cancel', reason: 'again' });
      assert.deepEqual([again.changed, again.stopping], [false, true]);
      await desk.settle('s/a', 1, { kind: 'cancelled', reason: 'stopped' });
      const view = await desk.view('s/a');
      assert.deepEqual([view.state, view.reason], ['cancelled', 'cancelled by cli:bob: wrong branch']);
      const last = (await desk.events()).at(-1);
      assert.deepEqual([last?.type, last?.actor], ['TaskCancelled', 'cli:bob']);
    }));

    it('and a later dispatcher finds the wish with the open attempt', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: {} }));
      await desk.claim('s/a');
      await desk.claim('s/b');
      await desk.operate('s/b', WISH);
      await desk.takeOffice();
      const wishes = (await open(desk)).map(({ key, cancelReason }) => [key, cancelReason]);
      assert.deepEqual(wishes, [['s/a', null], ['s/b', 'cancelled by cli:ada: wrong branch']]);
    }));

    for (const [name, outcome] of Object.entries({ failed, failedForGood, interrupted, parked })) {
      it(`one that ends by itself meanwhile (${name}) is cancelled, not tried again and not parked`, atDesk(async (desk) => {
        await desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] } }));
        await desk.claim('s/a');
        await desk.operate('s/a', WISH);
        assert.equal((await desk.settle('s/a', 1, outcome)).taskState, 'cancelled');
        assert.equal((await desk.view('s/b')).reason, 'blocked by s/a, which was cancelled');
        // The wish is spent with it.
        await desk.operate('s/a', { kind: 'retry', reason: null });
        await desk.claim('s/a', 1);
        assert.equal((await desk.view('s/a')).reason, null);
        assert.equal((await desk.settle('s/a', 2, failed)).taskState, 'ready');
      }));
    }

    it('one that succeeds meanwhile has succeeded', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      await desk.claim('s/a');
      await desk.operate('s/a', WISH);
      assert.equal((await desk.settle('s/a', 1, succeeded)).taskState, 'done');
      assert.equal((await desk.events()).at(-1)?.actor, 'dispatcher');
    }));

    it('it can be neither skipped nor retried before it is settled', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      await desk.claim('s/a');
      assert.match((await refused(desk.tryOperate('s/a', { kind: 'skip', reason: null }))).message, /^s\/a is running; cancel it first/);
      assert.match((await refused(desk.tryOperate('s/a', { kind: 'retry', reason: null }))).message, /^s\/a is running; cancel it first/);
    }));
  });
};
