import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { taskId } from '../../../src/domain/ids.ts';
import type { TaskSet } from '../../../src/domain/task.ts';
import type { AtDesk } from './desk.ts';
import { failedForGood, succeeded, taskSet } from './samples.ts';

type Sketches = Parameters<typeof taskSet>[1];

const marked = (tasks: Sketches, ...done: readonly string[]): TaskSet => taskSet('s', tasks, { done: done.map(taskId) });

export const marksConformance = (atDesk: AtDesk): void => {
  describe('tasks that the plan marks as done', () => {
    it('are done from the start, and those that depend on them are ready', atDesk(async (desk) => {
      const report = await desk.submit(marked({ a: {}, b: { needs: ['a'] }, c: { needs: ['b'] }, d: {} }, 'a', 'd', 'ghost'));
      assert.deepEqual(report.markedDone, ['s/a', 's/d']);
      assert.deepEqual(report.added, ['s/a', 's/b', 's/c', 's/d']);
      assert.deepEqual((await desk.tasks()).tasks.map(({ state }) => state), ['done', 'ready', 'blocked', 'done']);
      assert.deepEqual((await desk.ready()).map(({ key }) => key), ['s/b']);
      const told = (await desk.events()).find(({ type, taskId: id }) => type === 'TaskCompleted' && id === 'a');
      assert.deepEqual([told?.actor, told?.details], ['user:ada', { reason: 'marked as done in the plan' }]);
      const ofA = (await desk.events()).filter(({ taskId: id }) => id === 'a').map(({ type }) => type);
      assert.deepEqual(ofA, ['TaskSubmitted', 'TaskCompleted']);
      assert.equal((await desk.detail('s/a')).attempts.length, 0);
    }));

    it('are done whatever they depend on, and groups above them follow', atDesk(async (desk) => {
      await desk.submit(marked({ a: {}, b: { needs: ['a'] }, all: { group: true, needs: ['b'] } }, 'b'));
      assert.deepEqual([await desk.state('s/a'), await desk.state('s/b'), await desk.state('s/all')], ['ready', 'done', 'done']);
      await desk.attempt('s/a', succeeded);
      assert.equal(await desk.state('s/b'), 'done');
    }));

    it('become done when the mark comes later: ready, blocked or removed; the feed tells', atDesk(async (desk) => {
      const tasks = { a: {}, b: { needs: ['a'] }, gone: {} };
      await desk.submit(marked(tasks));
      await desk.submit(marked({ a: {}, b: { needs: ['a'] } }));
      assert.equal(await desk.state('s/gone'), 'cancelled');
      const { cursor } = await desk.changes(null);
      const report = await desk.submit(marked(tasks, 'a', 'b', 'gone'));
      assert.deepEqual(report.markedDone, ['s/a', 's/b', 's/gone']);
      assert.deepEqual((await desk.tasks()).tasks.map(({ state }) => state), ['done', 'done', 'done']);
      const news = await desk.changes(cursor);
      assert.deepEqual([news.ready, news.gone], [[], ['s/a']]);
      assert.equal((await desk.tryClaim('s/a', 0)).ok, false);
    }));

    it('that run, or have ended some other way, are left alone', atDesk(async (desk) => {
      const tasks = { run: {}, fail: {}, cancelled: {} };
      await desk.submit(marked(tasks));
      await desk.claim('s/run');
      await desk.attempt('s/fail', failedForGood);
      await desk.operate('s/cancelled', { kind: 'cancel', reason: 'not wanted' });
      const report = await desk.submit(marked(tasks, 'run', 'fail', 'cancelled'));
      assert.deepEqual(report.markedDone, []);
      assert.deepEqual((await desk.tasks()).tasks.map(({ state }) => state), ['running', 'failed', 'cancelled']);
      assert.equal((await desk.settle('s/run', 1, succeeded)).taskState, 'done');
    }));

    it('are no other task for it: a mark that comes or goes changes nothing else', atDesk(async (desk) => {
      await desk.submit(marked({ a: {} }, 'a'));
      const without = await desk.submit(marked({ a: {} }));
      assert.deepEqual([without.unchanged, without.markedDone, without.accepted], [['s/a'], [], true]);
      assert.equal(await desk.state('s/a'), 'done');
      assert.deepEqual((await desk.submit(marked({ a: {} }, 'a'))).unchanged, ['s/a']);
    }));

    it('are done again when that is asked for in so many words', atDesk(async (desk) => {
      await desk.submit(marked({ a: {} }, 'a'));
      assert.equal((await desk.submit(marked({ a: { title: 'Other' } }, 'a'))).accepted, false);
      const report = await desk.submit(marked({ a: { title: 'Other' } }, 'a'), 'redo');
      assert.deepEqual([report.replaced, report.markedDone], [['s/a'], []]);
      assert.equal(await desk.state('s/a'), 'ready');
    }));
  });
};
