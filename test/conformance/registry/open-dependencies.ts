import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AtDesk } from './desk.ts';
import { failedForGood, succeeded, taskSet } from './samples.ts';

export const openDependenciesConformance = (atDesk: AtDesk): void => {
  describe('what a blocked task waits for', () => {
    it('is told with the way to what stands in its way, or none where it may still come', atDesk(async (desk) => {
      await desk.submit(taskSet('s', {
        done: {},
        fail: {},
        dropped: {},
        slow: {},
        f2: { needs: ['f1'] },
        f1: { needs: ['fail', 'slow'] },
        behind: { needs: ['slow'] },
        goal: { needs: ['done', 'f2', 'dropped', 'else/where', 'behind', 'slow'] },
      }));
      await desk.attempt('s/done', succeeded);
      await desk.attempt('s/fail', failedForGood);
      await desk.operate('s/dropped', { kind: 'cancel', reason: null });
      await desk.claim('s/slow');
      const { waitsFor } = await desk.detail('s/goal');
      assert.deepEqual(waitsFor, [
        { key: 's/f2', state: 'blocked', never: { path: ['s/f2', 's/f1', 's/fail'], cause: 'failed' } },
        { key: 's/dropped', state: 'cancelled', never: { path: ['s/dropped'], cause: 'cancelled' } },
        { key: 'else/where', state: 'missing', never: { path: ['else/where'], cause: 'missing' } },
        { key: 's/behind', state: 'blocked', never: null },
        { key: 's/slow', state: 'running', never: null },
      ]);
      assert.deepEqual((await desk.detail('s/slow')).waitsFor, []);
    }));

    it('may be itself, or others that wait for each other', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: { needs: ['b'] }, b: { needs: ['a'] }, c: { needs: ['d'] }, d: { needs: ['b'] }, e: { needs: ['e'] } }));
      const never = async (task: string) => (await desk.detail(task)).waitsFor[0]?.never;
      assert.deepEqual(await never('s/a'), { path: ['s/b'], cause: 'cycle' });
      assert.deepEqual(await never('s/c'), { path: ['s/d', 's/b'], cause: 'cycle' });
      assert.deepEqual(await never('s/e'), { path: ['s/e'], cause: 'cycle' });
    }));
  });
};
