import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { must, refused, type AtDesk } from './desk.ts';
import { failed, handleOf, runnerOf, succeeded, taskSet } from './samples.ts';

export const recordLaunchConformance = (atDesk: AtDesk): void => {
  describe('recordLaunch', () => {
    it('stores the handle and the start, and tells of it', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      await desk.claim('s/a');
      const seq = await desk.lastSeq();
      desk.now += 20;
      assert.equal(await must(desk.tryLaunch('s/a', 1)), null);
      const [attempt] = (await desk.detail('s/a')).attempts;
      assert.deepEqual(attempt?.handle, handleOf('s/a', 1));
      assert.equal(attempt.startedAt, desk.now);
      const [started] = await desk.events(seq);
      assert.equal(started?.type, 'RunnerStarted');
      assert.deepEqual([started.runnerId, started.slotId, started.pool], [runnerOf('s/a', 1), 'slot-1', 'local']);
      assert.deepEqual([started.attempt, started.details], [1, { pid: 4_242 }]);
    }));

    it('tells of an adoption, and keeps when it was started', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: {} }));
      await desk.claim('s/a');
      await must(desk.tryLaunch('s/a', 1));
      await desk.claim('s/b');
      const started = desk.now;
      const seq = await desk.lastSeq();
      await desk.takeOffice();
      desk.now += 500;
      await must(desk.tryLaunch('s/a', 1, true));
      await must(desk.tryLaunch('s/b', 1, true));
      assert.deepEqual(await desk.story(seq), ['RunnerAdopted a', 'RunnerAdopted b']);
      assert.equal((await desk.detail('s/a')).attempts[0]?.startedAt, started);
      assert.equal((await desk.detail('s/b')).attempts[0]?.startedAt, desk.now);
    }));

    it('done twice tells of one start', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      await desk.claim('s/a');
      const seq = await desk.lastSeq();
      await must(desk.tryLaunch('s/a', 1));
      await must(desk.tryLaunch('s/a', 1));
      assert.deepEqual(await desk.story(seq), ['RunnerStarted a']);
    }));

    it('is fenced for an attempt that is over, and for one that never was', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: {} }));
      await desk.attempt('s/a', failed);
      await desk.claim('s/a', 1);
      assert.equal((await refused(desk.tryLaunch('s/a', 1))).kind, 'fenced');
      assert.equal((await refused(desk.tryLaunch('s/a', 3))).kind, 'fenced');
      assert.equal((await refused(desk.tryLaunch('s/b', 1))).kind, 'fenced');
      await desk.settle('s/a', 2, succeeded);
      assert.equal((await refused(desk.tryLaunch('s/a', 2))).kind, 'fenced');
    }));

    it('is notFound for a task that does not exist', atDesk(async (desk) => {
      assert.equal((await refused(desk.tryLaunch('s/none', 1))).kind, 'notFound');
    }));
  });
};
