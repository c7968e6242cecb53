import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refused, type AtDesk, type Desk } from './desk.ts';
import { failed, failedForGood, key, succeeded, taskSet } from './samples.ts';

const CANCEL = { kind: 'cancel', reason: null } as const;
const RETRY = { kind: 'retry', reason: null } as const;
const SKIP = { kind: 'skip', reason: null } as const;
const priority = (value: number) => ({ kind: 'setPriority', priority: value }) as const;
const drop = (dependency: string) => ({ kind: 'dropDependency', dependency: key(dependency) }) as const;

const states = async (desk: Desk): Promise<readonly string[]> =>
  (await desk.tasks()).tasks.map(({ id, state }) => `${id} ${state}`);

export const operateConformance = (atDesk: AtDesk): void => {
  describe('a person sets a priority', () => {
    it('of a queued task: the feed tells at once, the event says who', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: {}, c: { needs: ['b'] } }));
      const { cursor } = await desk.changes(null);
      const seq = await desk.lastSeq();
      const report = await desk.operate('s/b', priority(9));
      assert.deepEqual([report.changed, report.stopping, report.view.priority], [true, false, 9]);
      assert.equal((await desk.operate('s/c', priority(-4), 'api')).view.priority, -4);
      const news = await desk.changes(cursor);
      assert.deepEqual(news.ready.map((task) => [task.key, task.priority]), [['s/b', 9]]);
      const told = (await desk.events(seq)).map(({ type, actor, taskId, details }) => [type, actor, taskId, details]);
      assert.deepEqual(told, [
        ['PriorityChanged', 'cli:ada', 'b', { from: 0, to: 9 }],
        ['PriorityChanged', 'api', 'c', { from: 0, to: -4 }],
      ]);
      assert.equal((await desk.operate('s/b', priority(9))).changed, false);
      assert.equal(await desk.lastSeq(), seq + 2);
    }));

    it('that outlives a resubmission, until the plan itself gives another', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: { priority: 1 } }));
      await desk.operate('s/a', priority(9));
      await desk.submit(taskSet('s', { a: { priority: 1 } }));
      assert.equal((await desk.view('s/a')).priority, 9);
      await desk.submit(taskSet('s', { a: { priority: 1, title: 'Other' } }));
      assert.equal((await desk.view('s/a')).priority, 9);
      await desk.submit(taskSet('s', { a: { priority: 2, title: 'Other' } }));
      assert.equal((await desk.view('s/a')).priority, 2);
    }));

    it('of a running task, for the next attempt; never of one that has ended, and never half a one', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: {} }));
      await desk.claim('s/a');
      await desk.operate('s/a', priority(3));
      await desk.settle('s/a', 1, failed);
      assert.equal((await desk.ready()).find((task) => task.key === 's/a')?.priority, 3);
      for (const wrong of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        const error = await refused(desk.tryOperate('s/b', priority(wrong)));
        assert.match(`${error.kind}: ${error.message}`, /^invalid: s\/b .*expected a whole number$/);
      }
      await desk.attempt('s/b', succeeded);
      assert.match((await refused(desk.tryOperate('s/b', priority(1)))).message, /^s\/b is done: its priority means nothing/);
    }));
  });

  describe('a person cancels', () => {
    it('what waits: it is over at once, and what waits for it will never start', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] }, c: {} }));
      const { cursor } = await desk.changes(null);
      const report = await desk.operate('s/a', { kind: 'cancel', reason: 'no longer wanted' });
      assert.deepEqual([report.changed, report.stopping, report.view.state], [true, false, 'cancelled']);
      assert.equal((await desk.view('s/a')).reason, 'cancelled by cli:ada: no longer wanted');
      assert.equal((await desk.view('s/b')).reason, 'blocked by s/a, which was cancelled');
      assert.deepEqual((await desk.changes(cursor)).gone, ['s/a']);
      const told = (await desk.events()).at(-1);
      assert.deepEqual([told?.type, told?.actor, told?.details], ['TaskCancelled', 'cli:ada', { reason: 'no longer wanted' }]);
      assert.equal((await desk.tryClaim('s/a', 0)).ok, false);
      assert.equal((await desk.operate('s/a', CANCEL)).changed, false);
      await desk.operate('s/b', CANCEL);
      assert.deepEqual(await states(desk), ['a cancelled', 'b cancelled', 'c ready']);
    }));

    it('nothing that has ended', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: {}, c: {} }));
      await desk.attempt('s/a', succeeded);
      await desk.attempt('s/b', failedForGood);
      await desk.operate('s/c', SKIP);
      const seq = await desk.lastSeq();
      for (const [task, state] of [['s/a', 'done'], ['s/b', 'failed'], ['s/c', 'skipped']] as const) {
        const error = await refused(desk.tryOperate(task, CANCEL));
        assert.equal(`${error.kind}: ${error.message}`, `invalid: ${task} is ${state}: there is nothing left to cancel`);
      }
      assert.equal(await desk.lastSeq(), seq);
    }));
  });

  describe('a person retries', () => {
    it('what failed: attempts count from 0 again, the fence goes on, dependents wait again', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] } }));
      await desk.attempt('s/a', failed, 0);
      await desk.attempt('s/a', failed, 1);
      assert.equal((await desk.view('s/b')).reason, 'blocked by s/a, which failed');
      const seq = await desk.lastSeq();
      const { view } = await desk.operate('s/a', { kind: 'retry', reason: 'disk was full' });
      assert.deepEqual([view.state, view.reason, view.pool, view.attempts], ['ready', null, null, 2]);
      assert.deepEqual(await desk.story(seq), ['TaskRetryRequested a', 'TaskReady a']);
      assert.deepEqual((await desk.events(seq))[0]?.details, { reason: 'disk was full', previous_state: 'failed' });
      assert.equal((await desk.view('s/b')).reason, 'waits for s/a');
      assert.deepEqual((await desk.ready()).map((task) => [task.key, task.fence, task.notBefore]), [['s/a', 2, null]]);
      assert.equal((await desk.attempt('s/a', failed, 2)).taskState, 'ready');
      assert.equal((await desk.attempt('s/a', failed, 3)).taskState, 'failed');
    }));

    it('what was cancelled or skipped: blocked or ready as its dependencies are; those let go wait again', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] }, all: { group: true, needs: ['a'] }, c: { needs: ['all'] } }));
      await desk.operate('s/b', CANCEL);
      await desk.operate('s/a', SKIP);
      assert.deepEqual(await states(desk), ['a skipped', 'b cancelled', 'all done', 'c ready']);
      await desk.operate('s/a', RETRY);
      await desk.operate('s/b', RETRY);
      assert.deepEqual(await states(desk), ['a ready', 'b blocked', 'all blocked', 'c blocked']);
      await desk.attempt('s/a', succeeded);
      assert.deepEqual(await states(desk), ['a done', 'b ready', 'all done', 'c ready']);
    }));

    it('an optional failure, and the group that it completed', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: { optional: true }, b: { needs: ['a'] }, all: { group: true, needs: ['a'] } }));
      await desk.attempt('s/a', failedForGood);
      assert.match((await refused(desk.tryOperate('s/all', RETRY))).message, /^s\/all is done;/);
      assert.deepEqual(await states(desk), ['a failed', 'b ready', 'all done']);
      await desk.operate('s/a', RETRY);
      assert.deepEqual(await states(desk), ['a ready', 'b blocked', 'all blocked']);
    }));

    it('what backs off: at once; what is ready or blocked is left as it is; the rest is refused', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] }, c: {} }));
      await desk.attempt('s/a', failed);
      assert.notEqual((await desk.view('s/a')).notBefore, null);
      assert.equal((await desk.operate('s/a', RETRY)).view.notBefore, null);
      const seq = await desk.lastSeq();
      assert.equal((await desk.operate('s/a', RETRY)).changed, false);
      assert.equal((await desk.operate('s/b', RETRY)).changed, false);
      await desk.claim('s/a', 1);
      assert.match((await refused(desk.tryOperate('s/a', RETRY))).message, /^s\/a is running; cancel it first/);
      await desk.attempt('s/c', succeeded);
      assert.match((await refused(desk.tryOperate('s/c', RETRY))).message, /^s\/c is done; .*--redo-changed$/);
      assert.equal((await desk.story(seq)).includes('TaskRetryRequested c'), false);
    }));

    it('a skipped task that waits for itself, which waits again', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: { needs: ['a'] }, g: { group: true, needs: ['h'] }, h: { needs: ['g'] } }));
      await desk.operate('s/a', SKIP);
      await desk.operate('s/h', SKIP);
      assert.deepEqual(await states(desk), ['a skipped', 'g done', 'h skipped']);
      await desk.operate('s/a', RETRY);
      await desk.operate('s/h', RETRY);
      assert.deepEqual(await states(desk), ['a blocked', 'g blocked', 'h blocked']);
    }));
  });

  describe('a person skips', () => {
    it('what waits, failed or was cancelled: those that depend on it go on', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: {}, c: {}, d: { needs: ['a'] }, e: { needs: ['b', 'c', 'd'] } }));
      await desk.attempt('s/b', failedForGood);
      await desk.operate('s/c', CANCEL);
      const { cursor } = await desk.changes(null);
      for (const id of ['b', 'c', 'd', 'a']) await desk.operate(`s/${id}`, { kind: 'skip', reason: id === 'a' ? 'by hand' : null });
      assert.deepEqual(await states(desk), ['a skipped', 'b skipped', 'c skipped', 'd skipped', 'e ready']);
      const news = await desk.changes(cursor);
      assert.deepEqual([news.gone, news.ready.map((task) => task.key)], [['s/a'], ['s/e']]);
      assert.equal((await desk.view('s/a')).reason, 'skipped by cli:ada: by hand');
      assert.equal((await desk.operate('s/a', SKIP)).changed, false);
      await desk.attempt('s/e', succeeded);
      assert.match((await refused(desk.tryOperate('s/e', SKIP))).message, /^s\/e is done: there is nothing to skip$/);
    }));

    it('an optional failure once only: it had let its dependents go already', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: { optional: true }, b: {}, c: { needs: ['a', 'b'] } }));
      await desk.attempt('s/a', failedForGood);
      await desk.operate('s/a', SKIP);
      assert.equal(await desk.state('s/c'), 'blocked');
      await desk.attempt('s/b', succeeded);
      assert.equal(await desk.state('s/c'), 'ready');
    }));
  });

  describe('a person drops a dependency', () => {
    it('and the task goes on without it, also after the same set comes again', atDesk(async (desk) => {
      const set = taskSet('s', { a: {}, b: {}, c: { needs: ['a', 'b', 'gone/x'] }, all: { group: true, needs: ['c', 'a'] } });
      await desk.submit(set);
      await desk.operate('s/c', drop('gone/x'));
      await desk.operate('s/c', drop('s/a'));
      assert.equal(await desk.state('s/c'), 'blocked');
      const { view } = await desk.operate('s/c', drop('s/b'));
      assert.deepEqual([view.state, view.dependencies], ['ready', []]);
      const told = (await desk.events()).findLast(({ type }) => type === 'DependencyDropped');
      assert.deepEqual([told?.actor, told?.taskId, told?.details], ['cli:ada', 'c', { dependency: 's/b' }]);
      assert.deepEqual((await desk.submit(set)).unchanged, ['s/a', 's/b', 's/c', 's/all']);
      assert.equal(await desk.state('s/c'), 'ready');
      await desk.operate('s/all', drop('s/a'));
      await desk.operate('s/all', drop('s/c'));
      assert.equal(await desk.state('s/all'), 'done');
    }));

    it('that is none: refused, with those there are', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] } }));
      const seq = await desk.lastSeq();
      const error = await refused(desk.tryOperate('s/b', drop('s/x')));
      assert.equal(`${error.kind}: ${error.message}`, 'invalid: s/b does not depend on s/x; it depends on s/a');
      assert.match((await refused(desk.tryOperate('s/a', drop('s/x')))).message, /it depends on nothing$/);
      assert.equal(await desk.lastSeq(), seq);
    }));
  });

  it('a person who names no task is told so, and one with half a character too', atDesk(async (desk) => {
    for (const operation of [CANCEL, RETRY, SKIP, priority(1), drop('s/a')]) {
      assert.equal((await refused(desk.tryOperate('s/none', operation))).kind, 'notFound');
    }
    await desk.submit(taskSet('s', { a: {} }));
    assert.equal((await refused(desk.tryOperate('s/a', { kind: 'skip', reason: '\ud800' }))).kind, 'invalid');
    assert.equal((await refused(desk.tryOperate('s/a', CANCEL, 'cli:\0'))).kind, 'invalid');
    assert.equal(await desk.state('s/a'), 'ready');
  }));
};
