import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ask, refused, type AtDesk } from './desk.ts';
import { failed, interrupted, succeeded, taskSet } from './samples.ts';

const many = (count: number) =>
  taskSet('s', Object.fromEntries(Array.from({ length: count }, (_, n) => [`t${n}`, {}])));

export const changesConformance = (atDesk: AtDesk): void => {
  describe('changes', () => {
    it('gives everything that is ready to who has no cursor, and nothing twice', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] }, c: {} }));
      const first = await desk.changes(null);
      assert.deepEqual(first.ready.map((task) => task.key), ['s/a', 's/c']);
      assert.deepEqual(first.gone, []);
      assert.equal(first.more, false);
      const second = await desk.changes(first.cursor);
      assert.deepEqual([second.ready, second.gone, second.more], [[], [], false]);
      assert.equal(second.cursor, first.cursor);
    }));

    it('tells what scheduling needs to know', atDesk(async (desk) => {
      const metadata = { expected_duration: '1m30s' };
      const sketch = { metadata, requiredSkill: 'rust', priority: 5, concurrencyKey: 'db', resources: { cpu: 1.5, memory: 256 } };
      await desk.submit(taskSet('s', { z: { needs: ['a'] }, a: sketch }, { maxConcurrency: 4, weight: 2.5 }));
      assert.deepEqual(await desk.ready(), [
        {
          key: 's/a',
          spec: 's',
          requiredSkill: 'rust',
          priority: 5,
          position: 2,
          cpu: 1.5,
          memory: 256,
          concurrencyKey: 'db',
          specMaxConcurrency: 4,
          specWeight: 2.5,
          fence: 0,
          notBefore: null,
          readyAt: desk.now,
          expectedMs: 90_000,
        },
      ]);
    }));

    it('is paged, and loses nothing that changes between two pages', atDesk(async (desk) => {
      await desk.submit(many(10));
      const first = await desk.changes(null, 4);
      assert.equal(first.more, true);
      assert.equal(first.ready.length, 4);
      // One that was given, one that was not, and a new one.
      await desk.submit(taskSet('u', { fresh: {} }));
      await desk.claim('s/t0');
      await desk.settle('s/t0', 1, interrupted);
      await desk.claim('s/t9');
      const seen = first.ready.map((task) => task.key);
      let cursor = first.cursor;
      let more: boolean = first.more;
      while (more) {
        const page = await desk.changes(cursor, 4);
        seen.push(...page.ready.map((task) => task.key));
        ({ cursor, more } = page);
      }
      assert.deepEqual(seen.slice(4, 9), ['s/t4', 's/t5', 's/t6', 's/t7', 's/t8']);
      assert.deepEqual(seen.slice(9), ['u/fresh', 's/t0']);
    }));

    it('is silent about a claim, and tells of a retry with its time', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      const { cursor } = await desk.changes(null);
      await desk.claim('s/a');
      const claimed = await desk.changes(cursor);
      assert.deepEqual([claimed.ready, claimed.gone], [[], []]);
      desk.now += 5;
      await desk.settle('s/a', 1, failed);
      const [again] = (await desk.changes(cursor)).ready;
      assert.equal(again?.fence, 1);
      assert.equal(again.notBefore, desk.now + 1_000);
      assert.equal(again.readyAt, desk.now);
    }));

    it('is silent about a task that has ended', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      await desk.attempt('s/a', succeeded);
      const all = await desk.changes(null);
      assert.deepEqual([all.ready, all.gone], [[], []]);
    }));

    it('refuses a limit that is none', atDesk(async (desk) => {
      for (const limit of [0, -1, 1.5, Number.NaN]) {
        const error = await refused(ask((reply) => desk.registry.changes({ cursor: null, limit }, reply)));
        assert.equal(error.kind, 'invalid');
        assert.match(error.message, new RegExp(`limit ${limit}: expected a whole number`));
      }
    }));

    it('onNews tells after each commit that made the feed longer, and of no other', atDesk(async (desk) => {
      let news = 0;
      desk.registry.onNews(() => {
        news += 1;
      });
      const heard = async (act: () => Promise<unknown>): Promise<number> => {
        const before = news;
        await act();
        // A read behind it: whatever the commit had to tell has been told when this is answered.
        await desk.counts();
        return news - before;
      };
      assert.equal(await heard(() => desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] } }))), 1);
      assert.equal(await heard(() => desk.claim('s/a')), 0);
      assert.equal(await heard(() => desk.tryLaunch('s/a', 1)), 0);
      assert.equal(await heard(() => desk.settle('s/a', 1, succeeded)), 1);
      assert.equal(await heard(() => desk.tryClaim('s/a', 0)), 0);
      assert.equal(await heard(() => desk.tasks()), 0);
    }));
  });
};
