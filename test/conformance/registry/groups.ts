import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AtDesk } from './desk.ts';
import { failedForGood, succeeded, taskSet } from './samples.ts';

/** Written bottom up, so that each is complete before the one behind it is looked at. */
const DEEP = 2_000;

export const groupsConformance = (atDesk: AtDesk): void => {
  describe('groups', () => {
    it('never run: one is done with the last of its parts, and whoever waits for it goes on', atDesk(async (desk) => {
      const tasks = { all: { group: true, needs: ['a', 'b'] }, a: {}, b: {}, next: { needs: ['all'] } };
      await desk.submit(taskSet('s', tasks));
      await desk.attempt('s/a', succeeded);
      assert.equal(await desk.state('s/all'), 'blocked');
      const seq = await desk.lastSeq();
      await desk.attempt('s/b', succeeded);
      assert.equal(await desk.state('s/all'), 'done');
      assert.equal(await desk.state('s/next'), 'ready');
      assert.deepEqual((await desk.story(seq)).slice(-3), ['TaskCompleted b', 'TaskCompleted all', 'TaskReady next']);
      const told = (await desk.events()).findLast(({ taskId }) => taskId === 'all');
      assert.deepEqual([told?.actor, told?.attempt, told?.details], ['dispatcher', null, { reason: 'everything in it is done' }]);
      assert.equal((await desk.detail('s/all')).attempts.length, 0);
      assert.deepEqual((await desk.ready()).map(({ key }) => key), ['s/next']);
    }));

    it('are done at submission where nothing is left, parents of parents too, in whatever order they are written', atDesk(async (desk) => {
      await desk.submit(taskSet('base', { x: {} }));
      await desk.attempt('base/x', succeeded);
      await desk.submit(taskSet('s', {
        top: { group: true, needs: ['mid'] },
        after: { needs: ['top'] },
        mid: { group: true, needs: ['base/x', 'empty'] },
        empty: { group: true },
      }));
      assert.deepEqual((await desk.tasks({ states: ['done'] })).tasks.map(({ key }) => key), ['base/x', 's/top', 's/mid', 's/empty']);
      assert.equal(await desk.state('s/after'), 'ready');
      assert.deepEqual((await desk.ready()).map(({ key }) => key), ['s/after']);
      const completed = (await desk.events()).filter(({ type, spec }) => type === 'TaskCompleted' && spec === 's');
      assert.deepEqual(completed.map(({ taskId }) => taskId), ['empty', 'mid', 'top']);
    }));

    it('wait for ever for a part that failed, and are done when that is skipped', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { all: { group: true, needs: ['a'] }, a: {} }));
      await desk.attempt('s/a', failedForGood);
      assert.equal((await desk.view('s/all')).reason, 'blocked by s/a, which failed');
      await desk.operate('s/a', { kind: 'skip', reason: null });
      assert.equal(await desk.state('s/all'), 'done');
    }));

    it('that depend on themselves wait', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: { group: true, needs: ['b'] }, b: { group: true, needs: ['a'] } }));
      assert.deepEqual([await desk.state('s/a'), await desk.state('s/b')], ['blocked', 'blocked']);
    }));

    it('that are done take in a new part without a question, and wait again, as do those behind them', atDesk(async (desk) => {
      const before = { a: {}, all: { group: true, needs: ['a'] }, outer: { group: true, needs: ['all'] }, next: { needs: ['outer'] } };
      await desk.submit(taskSet('s', before));
      await desk.attempt('s/a', succeeded);
      assert.equal(await desk.state('s/next'), 'ready');
      const report = await desk.submit(taskSet('s', { ...before, b: {}, all: { group: true, needs: ['a', 'b'] } }));
      assert.deepEqual([report.accepted, report.replaced, report.changedDone], [true, ['s/all'], []]);
      for (const id of ['all', 'outer', 'next']) assert.equal(await desk.state(`s/${id}`), 'blocked', id);
      await desk.attempt('s/b', succeeded);
      assert.deepEqual([await desk.state('s/outer'), await desk.state('s/next')], ['done', 'ready']);
    }));

    it('are not done any more when a part is to be done again', atDesk(async (desk) => {
      const tasks = { all: { group: true, needs: ['a'] }, outer: { group: true, needs: ['all'] }, next: { needs: ['outer'] } };
      await desk.submit(taskSet('s', { a: {}, ...tasks }));
      await desk.attempt('s/a', succeeded);
      const seq = await desk.lastSeq();
      await desk.submit(taskSet('s', { a: { title: 'Again' }, ...tasks }), 'redo');
      for (const id of ['all', 'outer', 'next']) assert.equal(await desk.state(`s/${id}`), 'blocked', id);
      assert.deepEqual((await desk.story(seq)).filter((line) => line.startsWith('TaskBlocked')), ['TaskBlocked all', 'TaskBlocked outer']);
      await desk.attempt('s/a', succeeded, 1);
      assert.deepEqual([await desk.state('s/all'), await desk.state('s/next')], ['done', 'ready']);
      assert.equal((await desk.counts())['done'], 3);
    }));

    it('may be nested as deep as anybody likes', atDesk(async (desk) => {
      const chain = Array.from({ length: DEEP }, (_, n) => [`g${n}`, { group: true, needs: [n === 0 ? 'a' : `g${n - 1}`] }] as const);
      await desk.submit(taskSet('s', { ...Object.fromEntries(chain.toReversed()), a: {} }));
      assert.equal((await desk.counts()).blocked, DEEP);
      await desk.attempt('s/a', succeeded);
      assert.equal((await desk.counts()).done, DEEP + 1);
      const complete = chain.map(([id, sketch]) => [id, id === 'g0' ? { group: true, needs: [] } : sketch] as const);
      await desk.submit(taskSet('t', Object.fromEntries(complete.toReversed())));
      assert.equal((await desk.counts('t')).done, DEEP);
    }));
  });
};
