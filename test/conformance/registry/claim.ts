import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { must, refused, type AtDesk } from './desk.ts';
import { failed, failedForGood, handleOf, key, runnerOf, succeeded, taskSet } from './samples.ts';

export const claimConformance = (atDesk: AtDesk): void => {
  describe('claim', () => {
    it('writes attempt, state and event, and hands out the definition', atDesk(async (desk) => {
      const set = taskSet('s', { a: { description: 'do it' } }, { repo: '/repo' });
      await desk.submit(set);
      const seq = await desk.lastSeq();
      const claim = await desk.claim('s/a');
      assert.deepEqual(claim, { key: 's/a', attempt: 1, definition: set.tasks[0], repo: '/repo', previous: [] });
      const { view, attempts } = await desk.detail('s/a');
      assert.equal(view.state, 'running');
      assert.equal(view.attempts, 1);
      assert.deepEqual([view.pool, view.runnerId, view.slotId], ['local', runnerOf('s/a', 1), 'slot-1']);
      assert.deepEqual(attempts, [
        {
          attempt: 1,
          runnerId: runnerOf('s/a', 1),
          pool: 'local',
          slotId: 'slot-1',
          slotPath: '/slots/1',
          runDir: '/runs/s/a/1',
          handle: null,
          claimedAt: desk.now,
          startedAt: null,
          endedAt: null,
          end: null,
          reason: null,
          counted: false,
        },
      ]);
      const [assigned, ...more] = await desk.events(seq);
      assert.deepEqual(more, []);
      assert.deepEqual(assigned, {
        seq: seq + 1,
        type: 'TaskAssigned',
        at: desk.now,
        actor: 'dispatcher',
        spec: 's',
        taskId: 'a',
        attempt: 1,
        runnerId: runnerOf('s/a', 1),
        slotId: 'slot-1',
        pool: 'local',
        durationMs: null,
        details: {},
      });
    }));

    it('tells the next attempt of those before', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      await desk.attempt('s/a', failed);
      const { attempt, previous } = await desk.claim('s/a', 1);
      assert.equal(attempt, 2);
      assert.equal(previous.length, 1);
      assert.deepEqual(previous[0]?.handle, handleOf('s/a', 1));
      assert.deepEqual([previous[0].end, previous[0].reason, previous[0].counted], ['failed', 'exit code 1', true]);
    }));

    it('of two in one tick grants the first and fences the second', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: {} }));
      const seq = await desk.lastSeq();
      const [first, second, other] = await Promise.all([
        desk.tryClaim('s/a', 0),
        desk.tryClaim('s/a', 0),
        desk.tryClaim('s/b', 0),
      ]);
      assert.equal(first.ok, true);
      assert.equal(other.ok, true);
      const error = await refused(Promise.resolve(second));
      assert.equal(error.kind, 'fenced');
      assert.match(error.message, /s\/a cannot be claimed: it is running after 1 starts/);
      assert.deepEqual(await desk.story(seq), ['TaskAssigned a', 'TaskAssigned b']);
      assert.equal((await desk.detail('s/a')).attempts.length, 1);
    }));

    it('is fenced for a wrong fence and for a task that is not ready', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] }, c: {} }));
      assert.equal((await refused(desk.tryClaim('s/a', 1))).kind, 'fenced');
      assert.equal((await refused(desk.tryClaim('s/b', 0))).kind, 'fenced');
      await desk.attempt('s/a', succeeded);
      await desk.attempt('s/c', failedForGood);
      assert.equal((await refused(desk.tryClaim('s/a', 1))).kind, 'fenced');
      assert.equal((await refused(desk.tryClaim('s/c', 1))).kind, 'fenced');
    }));

    it('is notFound for a task that does not exist', atDesk(async (desk) => {
      const error = await refused(desk.tryClaim('s/none', 0));
      assert.deepEqual(error, { kind: 'notFound', message: 'there is no task s/none' });
    }));

    it('takes effect in the order of the calls, a submission in the same tick included', atDesk(async (desk) => {
      const calls = [
        desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] } })),
        desk.claim('s/a'),
        desk.settle('s/a', 1, succeeded),
        desk.claim('s/b'),
        must(desk.tryLaunch('s/b', 1)),
      ];
      await Promise.all(calls);
      assert.equal(await desk.state('s/b'), 'running');
      assert.equal((await desk.detail('s/b')).attempts[0]?.runnerId, runnerOf('s/b', 1));
      assert.deepEqual((await desk.detail('s/b')).view.dependencies, [{ key: key('s/a'), state: 'done' }]);
    }));
  });
};
