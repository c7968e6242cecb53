import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { REMOVED_FROM_SET } from '../../../src/domain/resubmission.ts';
import type { AtDesk } from './desk.ts';
import { failed, failedForGood, interrupted, succeeded, taskSet } from './samples.ts';

export const resubmitConformance = (atDesk: AtDesk): void => {
  describe('submit, a name that is known', () => {
    it('resumes when nothing has changed', atDesk(async (desk) => {
      const set = taskSet('s', { a: {}, b: { needs: ['a'] } });
      await desk.submit(set);
      await desk.attempt('s/a', succeeded);
      const { cursor } = await desk.changes(null);
      const seq = await desk.lastSeq();
      const report = await desk.submit(set);
      assert.deepEqual(report.unchanged, ['s/a', 's/b']);
      assert.equal(await desk.state('s/a'), 'done');
      assert.deepEqual(await desk.story(seq), ['TaskSetSubmitted']);
      assert.deepEqual((await desk.changes(cursor)).ready, []);
    }));

    it('adds what is new and cancels what is gone and waits', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: {}, c: { needs: ['a'] } }));
      await desk.claim('s/b');
      const { cursor } = await desk.changes(null);
      const seq = await desk.lastSeq();
      const report = await desk.submit(taskSet('s', { d: {} }));
      assert.deepEqual(report.added, ['s/d']);
      assert.deepEqual(report.cancelled, ['s/a', 's/c']);
      assert.deepEqual(report.untouched, ['s/b']);
      assert.equal((await desk.view('s/a')).reason, REMOVED_FROM_SET);
      assert.equal(await desk.state('s/b'), 'running');
      const news = await desk.changes(cursor);
      assert.deepEqual(news.gone, ['s/a']);
      assert.deepEqual(news.ready.map((task) => task.key), ['s/d']);
      const told = ['TaskSetSubmitted', 'TaskSubmitted d', 'TaskReady d', 'TaskCancelled a', 'TaskCancelled c'];
      assert.deepEqual(await desk.story(seq), told);
    }));

    it('brings a removed task back when it is written again, at its old place', atDesk(async (desk) => {
      const set = taskSet('s', { a: {}, b: {} });
      await desk.submit(set);
      await desk.submit(taskSet('s', { b: {} }));
      const report = await desk.submit(set);
      assert.deepEqual(report.replaced, ['s/a']);
      assert.equal(await desk.state('s/a'), 'ready');
      assert.deepEqual((await desk.tasks()).tasks.map(({ id }) => id), ['a', 'b']);
    }));

    it('replaces a changed task that has not started, and tells the scheduler', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: {} }));
      const { cursor } = await desk.changes(null);
      const report = await desk.submit(taskSet('s', { a: { priority: 7, title: 'New' }, b: {} }));
      assert.deepEqual(report.replaced, ['s/a']);
      const news = await desk.changes(cursor);
      assert.deepEqual(news.ready.map((task) => [task.key, task.priority]), [['s/a', 7]]);
      assert.equal((await desk.view('s/a')).title, 'New');
      assert.equal((await desk.detail('s/a')).definition.priority, 7);
    }));

    it('blocks a ready task that has been given a dependency, and frees one that has lost it', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: {}, c: { needs: ['b'] } }));
      const { cursor } = await desk.changes(null);
      await desk.submit(taskSet('s', { a: { needs: ['b'] }, b: {}, c: {} }));
      assert.equal(await desk.state('s/a'), 'blocked');
      assert.equal(await desk.state('s/c'), 'ready');
      const news = await desk.changes(cursor);
      assert.deepEqual(news.gone, ['s/a']);
      assert.deepEqual(news.ready.map((task) => task.key), ['s/c']);
      await desk.attempt('s/b', succeeded);
      assert.equal(await desk.state('s/a'), 'ready');
      assert.equal(await desk.state('s/c'), 'ready');
    }));

    it('gives a failed task that was changed a clean count of attempts; the fence goes on', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      await desk.attempt('s/a', failed, 0);
      assert.equal((await desk.attempt('s/a', failed, 1)).taskState, 'failed');
      await desk.submit(taskSet('s', { a: { title: 'Better' } }));
      const [ready] = await desk.ready();
      assert.equal(ready?.fence, 2);
      assert.equal(ready.notBefore, null);
      const view = await desk.view('s/a');
      assert.equal(view.reason, null);
      assert.equal(view.attempts, 2);
      assert.equal(view.pool, null);
      const { attempt, previous } = await desk.claim('s/a', 2);
      assert.equal(attempt, 3);
      assert.equal(previous.length, 2);
      assert.equal((await desk.settle('s/a', 3, failed)).taskState, 'ready');
    }));

    it('leaves a running task alone, whatever has changed', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      await desk.claim('s/a');
      const report = await desk.submit(taskSet('s', { a: { title: 'Other' } }));
      assert.deepEqual(report.untouched, ['s/a']);
      assert.equal((await desk.view('s/a')).title, 'Task a');
      assert.equal((await desk.settle('s/a', 1, succeeded)).taskState, 'done');
    }));

    it('tells of a new limit or weight of the set for the tasks that are ready', atDesk(async (desk) => {
      const tasks = { a: {}, b: { needs: ['a'] } };
      await desk.submit(taskSet('s', tasks));
      const { cursor } = await desk.changes(null);
      await desk.submit(taskSet('s', tasks, { maxConcurrency: 3, weight: 2, repo: '/repo' }));
      const [told, ...others] = (await desk.changes(cursor)).ready;
      assert.deepEqual([told?.key, told?.specMaxConcurrency, told?.specWeight], ['s/a', 3, 2]);
      assert.deepEqual(others, []);
      assert.equal((await desk.claim('s/a')).repo, '/repo');
    }));
  });

  describe('submit, tasks that are done and have changed', () => {
    it('are listed and nothing is written with refuse', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      await desk.attempt('s/a', succeeded);
      const seq = await desk.lastSeq();
      const report = await desk.submit(taskSet('s', { a: { title: 'Other' }, b: {} }));
      assert.equal(report.accepted, false);
      assert.deepEqual(report.changedDone, ['s/a']);
      assert.deepEqual(report.added, ['s/b']);
      assert.equal(await desk.lastSeq(), seq);
      assert.equal((await desk.tasks()).tasks.length, 1);
    }));

    it('stay as they are with keep', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      await desk.attempt('s/a', succeeded);
      const report = await desk.submit(taskSet('s', { a: { title: 'Other' }, b: { needs: ['a'] } }), 'keep');
      assert.equal(report.accepted, true);
      assert.deepEqual(report.changedDone, ['s/a']);
      assert.equal((await desk.view('s/a')).title, 'Task a');
      assert.equal(await desk.state('s/b'), 'ready');
    }));

    it('are done again with redo, and those that waited for them wait again', atDesk(async (desk) => {
      const tasks = { b: { needs: ['a'] }, c: { needs: ['a'] }, d: { needs: ['a'] } };
      await desk.submit(taskSet('s', { a: {}, ...tasks }));
      await desk.submit(taskSet('other', { e: { needs: ['s/a'] } }));
      await desk.attempt('s/a', succeeded);
      await desk.attempt('s/c', succeeded);
      await desk.claim('s/d');
      const { cursor } = await desk.changes(null);
      const report = await desk.submit(taskSet('s', { a: { title: 'Again' }, ...tasks }), 'redo');
      assert.deepEqual(report.replaced, ['s/a']);
      assert.equal(await desk.state('s/a'), 'ready');
      assert.equal(await desk.state('s/b'), 'blocked');
      assert.equal(await desk.state('s/c'), 'done');
      assert.equal(await desk.state('s/d'), 'running');
      assert.equal(await desk.state('other/e'), 'blocked');
      const news = await desk.changes(cursor);
      assert.deepEqual([...news.gone].toSorted(), ['other/e', 's/b']);
      assert.deepEqual(news.ready.map((task) => task.key), ['s/a']);
      await desk.attempt('s/a', succeeded, 1);
      assert.equal(await desk.state('s/b'), 'ready');
      assert.equal(await desk.state('other/e'), 'ready');
      assert.equal((await desk.settle('s/d', 1, succeeded)).taskState, 'done');
    }));

    it('hold back a retry of a task that ran meanwhile, until they are done', atDesk(async (desk) => {
      for (const [spec, outcome] of [['s', failed], ['t', interrupted]] as const) {
        await desk.submit(taskSet(spec, { a: {}, b: { needs: ['a'] } }));
        await desk.attempt(`${spec}/a`, succeeded);
        await desk.claim(`${spec}/b`);
        await desk.submit(taskSet(spec, { a: { title: 'Again' }, b: { needs: ['a'] } }), 'redo');
        const seq = await desk.lastSeq();
        assert.equal((await desk.settle(`${spec}/b`, 1, outcome)).taskState, 'blocked');
        assert.equal((await desk.story(seq)).includes('TaskReady b'), false);
        assert.equal((await desk.tryClaim(`${spec}/b`, 1)).ok, false);
        await desk.attempt(`${spec}/a`, succeeded, 1);
        assert.equal(await desk.state(`${spec}/b`), 'ready');
        assert.equal((await desk.story(seq)).includes('TaskReady b'), true);
      }
    }));

    it('that were failed but optional count as undone too, when they are changed', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: { optional: true }, b: { needs: ['a'] } }));
      await desk.attempt('s/a', failedForGood);
      assert.equal(await desk.state('s/b'), 'ready');
      await desk.submit(taskSet('s', { a: { optional: false }, b: { needs: ['a'] } }));
      assert.equal(await desk.state('s/a'), 'ready');
      assert.equal(await desk.state('s/b'), 'blocked');
    }));
  });
};
