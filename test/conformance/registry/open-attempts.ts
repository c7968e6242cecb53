import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OpenAttempt } from '../../../src/ports/task-registry.ts';
import { ask, must, type Desk, type AtDesk } from './desk.ts';
import { failed, handleOf, succeeded, taskSet } from './samples.ts';

const openAttempts = (desk: Desk): Promise<readonly OpenAttempt[]> =>
  must(ask((reply) => desk.registry.openAttempts(reply)));

export const openAttemptsConformance = (atDesk: AtDesk): void => {
  describe('openAttempts', () => {
    it('are those without an end, launched or only claimed', atDesk(async (desk) => {
      const heavy = { priority: 4, resources: { cpu: 2, memory: 8 } };
      const set = taskSet('s', { a: {}, b: {}, c: {}, d: heavy }, { repo: '/r' });
      await desk.submit(set);
      await desk.attempt('s/a', succeeded);
      await desk.attempt('s/b', failed);
      await desk.claim('s/b', 1);
      await must(desk.tryLaunch('s/b', 2));
      await desk.claim('s/d');
      const [b, d, ...more] = await openAttempts(desk);
      assert.deepEqual(more, []);
      assert.deepEqual([b?.key, b?.fence, b?.attempt.attempt, b?.repo], ['s/b', 2, 2, '/r']);
      assert.deepEqual(b?.attempt.handle, handleOf('s/b', 2));
      assert.deepEqual(b.previous.map(({ attempt, end }) => ({ attempt, end })), [{ attempt: 1, end: 'failed' }]);
      assert.deepEqual([d?.key, d?.attempt.handle, d?.previous], ['s/d', null, []]);
      assert.deepEqual(d?.definition, set.tasks[3]);
      const { task } = d ?? {};
      assert.deepEqual([task?.key, task?.priority, task?.cpu, task?.memory, task?.fence], ['s/d', 4, 2, 8, 0]);
      await desk.settle('s/b', 2, failed);
      assert.deepEqual((await openAttempts(desk)).map((open) => open.key), ['s/d']);
    }));

    it('are none where nothing runs', atDesk(async (desk) => {
      assert.deepEqual(await openAttempts(desk), []);
    }));
  });
};
