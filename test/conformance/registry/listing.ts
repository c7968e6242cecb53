import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { specName } from '../../../src/domain/ids.ts';
import { ask, must, refused, type Desk, type AtDesk } from './desk.ts';
import { cancelled, failed, failedForGood, key, succeeded, taskSet } from './samples.ts';

const reason = async (desk: Desk, task: string): Promise<string | null> => (await desk.view(task)).reason;

export const listingConformance = (atDesk: AtDesk): void => {
  describe('tasks', () => {
    it('are listed in the order of submission, by set, by state, and page by page', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] }, c: {} }));
      await desk.submit(taskSet('u', { d: {}, e: { needs: ['d'] } }));
      await desk.attempt('s/c', succeeded);
      await desk.claim('u/d');
      const keys = async (query: Parameters<Desk['tasks']>[0]): Promise<readonly string[]> =>
        (await desk.tasks(query)).tasks.map((task) => task.key);
      const u = specName('u');
      assert.deepEqual(await keys({}), ['s/a', 's/b', 's/c', 'u/d', 'u/e']);
      assert.deepEqual(await keys({ spec: u }), ['u/d', 'u/e']);
      assert.deepEqual(await keys({ states: ['blocked', 'done', 'blocked'] }), ['s/b', 's/c', 'u/e']);
      assert.deepEqual(await keys({ states: ['running'] }), ['u/d']);
      assert.deepEqual(await keys({ states: [] }), []);
      assert.deepEqual(await keys({ spec: u, states: ['ready', 'blocked'] }), ['u/e']);
      assert.deepEqual(await keys({ spec: specName('none') }), []);
      const pages: string[][] = [];
      for (let after: number | null = 0; after !== null; ) {
        const page = await desk.tasks({ limit: 2, after });
        pages.push(page.tasks.map((task) => task.id));
        after = page.next;
      }
      assert.deepEqual(pages, [['a', 'b'], ['c', 'd'], ['e']]);
      assert.equal((await desk.tasks({ limit: 5 })).next, null);
      const few = await desk.tasks({ states: ['blocked', 'running'], limit: 2 });
      assert.deepEqual(few.tasks.map((task) => task.key), ['s/b', 'u/d']);
      const rest = await desk.tasks({ states: ['blocked', 'running'], limit: 2, after: few.next ?? 0 });
      assert.deepEqual(rest.tasks.map((task) => task.key), ['u/e']);
    }));

    it('refuse a limit beyond 10,000 and below 1', atDesk(async (desk) => {
      for (const limit of [0, 10_001, 2.5]) {
        const error = await refused(ask((reply) => desk.registry.tasks({ limit }, reply)));
        const message = `limit ${limit}: expected a whole number from 1 to 10000`;
        assert.deepEqual(error, { kind: 'invalid', message });
      }
      assert.deepEqual((await desk.tasks({ limit: 10_000 })).tasks, []);
    }));

    it('say what a blocked task waits for', atDesk(async (desk) => {
      const needs = (count: number) => ['a', 'b', 'c', 'd', 'e'].slice(0, count);
      const few = { one: { needs: needs(1) }, two: { needs: needs(2) }, three: { needs: needs(3) } };
      await desk.submit(taskSet('s', { a: {}, b: {}, c: {}, d: {}, e: {}, ...few, five: { needs: needs(5) } }));
      assert.equal(await reason(desk, 's/one'), 'waits for s/a');
      assert.equal(await reason(desk, 's/two'), 'waits for s/a and s/b');
      assert.equal(await reason(desk, 's/three'), 'waits for s/a, s/b and s/c');
      assert.equal(await reason(desk, 's/five'), 'waits for s/a, s/b and 3 more');
      await desk.attempt('s/a', succeeded);
      assert.equal(await reason(desk, 's/two'), 'waits for s/b');
    }));

    it('name the root cause, however far away, and until it is mended', atDesk(async (desk) => {
      const chain = { a: {}, b: { needs: ['a'] }, c: { needs: ['b'] }, d: { needs: ['x', 'c'] }, x: {} };
      await desk.submit(taskSet('s', chain));
      assert.equal(await reason(desk, 's/d'), 'waits for s/x and s/c');
      await desk.attempt('s/a', failed);
      assert.equal(await reason(desk, 's/d'), 'waits for s/x and s/c');
      await desk.attempt('s/a', failed, 1);
      const { tasks } = await desk.tasks({ states: ['blocked'] });
      assert.deepEqual(new Set(tasks.map((task) => task.reason)), new Set(['blocked by s/a, which failed']));
      await desk.submit(taskSet('s', { ...chain, a: { title: 'Mended' } }));
      assert.equal(await reason(desk, 's/d'), 'waits for s/x and s/c');
      await desk.attempt('s/a', cancelled, 2);
      assert.equal(await reason(desk, 's/c'), 'blocked by s/a, which was cancelled');
      await desk.submit(taskSet('u', { y: { needs: ['v/none'] }, z: { needs: ['y', 's/d'] } }));
      assert.equal(await reason(desk, 'u/y'), 'blocked by v/none, which does not exist');
      assert.equal(await reason(desk, 'u/z'), 'blocked by v/none, which does not exist');
    }));

    it('name a dependency that has left its set', atDesk(async (desk) => {
      await desk.submit(taskSet('v', { p: {} }));
      await desk.submit(taskSet('w', { q: { needs: ['v/p'] }, r: { needs: ['q'] } }));
      assert.equal(await reason(desk, 'w/r'), 'waits for w/q');
      await desk.submit(taskSet('v', {}));
      assert.equal(await reason(desk, 'w/r'), 'blocked by v/p, which was cancelled');
    }));

    it('find the cause behind a cycle, and none in it alone', atDesk(async (desk) => {
      const ring = { a: { needs: ['b'] }, b: { needs: ['a', 'x'] } };
      await desk.submit(taskSet('s', { ...ring, x: {} }));
      assert.equal(await reason(desk, 's/a'), 'waits for s/b');
      await desk.attempt('s/x', failedForGood);
      assert.equal(await reason(desk, 's/a'), 'blocked by s/x, which failed');
    }));

    it('say why at the end of a chain of twenty thousand', atDesk(async (desk) => {
      const length = 20_000;
      const link = (n: number) => [`t${n}`, n === 0 ? {} : { needs: [`t${n - 1}`] }] as const;
      await desk.submit(taskSet('s', Object.fromEntries(Array.from({ length }, (_, n) => link(n)))));
      assert.equal(await reason(desk, `s/t${length - 1}`), `waits for s/t${length - 2}`);
      await desk.attempt('s/t0', failedForGood);
      assert.equal(await reason(desk, `s/t${length - 1}`), 'blocked by s/t0, which failed');
    }));
  });

  describe('task', () => {
    it('is notFound where there is none', atDesk(async (desk) => {
      const error = await refused(ask((reply) => desk.registry.task(key('s/none'), reply)));
      assert.deepEqual(error, { kind: 'notFound', message: 'there is no task s/none' });
    }));

    it('shows view, definition and attempts', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: { requiredSkill: 'go', optional: true, priority: 2, title: 'A' } }));
      await desk.attempt('s/a', failed);
      const { view, definition, attempts } = await desk.detail('s/a');
      assert.deepEqual(view, {
        key: 's/a',
        spec: 's',
        id: 'a',
        title: 'A',
        state: 'ready',
        priority: 2,
        attempts: 1,
        pool: null,
        runnerId: null,
        slotId: null,
        reason: 'exit code 1',
        notBefore: desk.now + 1_000,
        optional: true,
        requiredSkill: 'go',
        dependencies: [],
      });
      assert.equal(definition.requiredSkill, 'go');
      assert.equal(attempts.length, 1);
    }));
  });

  describe('counts', () => {
    it('follow every change, of one set and of all', atDesk(async (desk) => {
      const none = { blocked: 0, ready: 0, running: 0, parked: 0, done: 0, failed: 0, cancelled: 0, skipped: 0 };
      assert.deepEqual(await desk.counts(), none);
      await desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] }, c: {}, d: {} }));
      await desk.submit(taskSet('u', { e: {} }));
      assert.deepEqual(await desk.counts(), { ...none, ready: 4, blocked: 1 });
      await desk.attempt('s/a', succeeded);
      await desk.attempt('s/c', failedForGood);
      await desk.claim('s/b');
      await must(desk.tryLaunch('s/b', 1));
      assert.deepEqual(await desk.counts('s'), { ...none, done: 1, failed: 1, running: 1, ready: 1 });
      await desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] }, c: {} }));
      assert.deepEqual(await desk.counts('s'), { ...none, done: 1, failed: 1, running: 1, cancelled: 1 });
      assert.deepEqual(await desk.counts('u'), { ...none, ready: 1 });
      assert.deepEqual(await desk.counts('none'), none);
    }));
  });
};
