import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runnerId, slotId, specName, taskId, taskKey, type RunnerId } from '../../src/domain/ids.ts';
import type { RepoPool, Slot, SlotRequest } from '../../src/ports/repo-pool.ts';
import { ask, valueOf } from './launcher/fixture.ts';

export interface RepoPoolFixture {
  readonly pool: RepoPool;
  /** A folder outside all slots. */
  readonly outside: string;
  /** Names in a slot as it is lent; for git, those of the repository's files and `.git`. */
  readonly pristine: readonly string[];
  end(): Promise<void>;
}

export type MakeRepoPool = (slots: number) => Promise<RepoPoolFixture>;

const task = taskKey(specName('conformance'), taskId('task'));

export const obtain = async (pool: RepoPool, holder: RunnerId, over: Partial<SlotRequest> = {}): Promise<Slot> =>
  valueOf(await ask<Slot>((reply) => pool.obtain({ runnerId: holder, task, attempt: 1, ...over }, reply)));

const namesIn = async (slot: Slot): Promise<readonly string[]> => (await readdir(slot.path)).toSorted();

const refusalOf = async (call: Parameters<typeof ask<Slot>>[0]): Promise<string> => {
  const result = await ask<Slot>(call);
  return result.ok ? 'granted' : result.error.kind;
};

export const release = async (pool: RepoPool, slot: Slot, holder: RunnerId): Promise<void> => {
  valueOf(await ask<null>((reply) => pool.release(slot.id, holder, reply)));
};

const [one, two, three] = [runnerId('one'), runnerId('two'), runnerId('three')];

/** What every repo pool must do, whatever its slots are made of. */
export const repoPoolConformance = (name: string, make: MakeRepoPool): void => {
  const withPool = (slots: number, body: (fixture: RepoPoolFixture) => Promise<void>) => async () => {
    const fixture = await make(slots);
    try {
      await body(fixture);
    } finally {
      await fixture.end();
    }
  };

  describe(`repo pool ${name}`, () => {
    it('lends each slot to one, also when all ask at once, and refuses when none is free', withPool(2, async ({ pool }) => {
      const asked = [one, two, three].map((holder) => ask<Slot>((reply) => pool.obtain({ runnerId: holder, task, attempt: 1 }, reply)));
      const results = await Promise.all(asked);
      assert.deepEqual(results.map((result) => (result.ok ? result.value.id : result.error.kind)), ['slot-1', 'slot-2', 'unavailable']);
      assert.deepEqual([...pool.held()], [['slot-1', one], ['slot-2', two]]);
      assert.equal(pool.size, 2);
    }));

    it('lends the lowest free one', withPool(3, async ({ pool }) => {
      const slots = [await obtain(pool, one), await obtain(pool, two), await obtain(pool, three)];
      for (const [i, holder] of ([one, two, three] as const).entries()) {
        const slot = slots[i];
        if (slot !== undefined && i !== 0) await release(pool, slot, holder);
      }
      assert.equal((await obtain(pool, two)).id, 'slot-2');
    }));

    it('lends to a runner once', withPool(2, async ({ pool }) => {
      await obtain(pool, one);
      assert.equal(await refusalOf((reply) => pool.obtain({ runnerId: one, task, attempt: 1 }, reply)), 'invalid');
      assert.equal(pool.held().size, 1);
    }));

    it('takes back from the holder only, and twice changes nothing', withPool(1, async ({ pool }) => {
      const slot = await obtain(pool, one);
      await release(pool, slot, two);
      assert.equal(pool.held().get(slot.id), one);
      await release(pool, slot, one);
      await release(pool, slot, one);
      assert.equal(pool.held().size, 0);
      await obtain(pool, two);
      await release(pool, slot, one);
      assert.equal(pool.held().get(slot.id), two);
    }));

    it('gives a found runner its slot again, and no other one that slot', withPool(2, async ({ pool }) => {
      const slot = valueOf(await ask<Slot>((reply) => pool.reclaim(slotId('slot-1'), one, reply)));
      assert.deepEqual(valueOf(await ask<Slot>((reply) => pool.reclaim(slot.id, one, reply))), slot);
      assert.equal(await refusalOf((reply) => pool.reclaim(slot.id, two, reply)), 'invalid');
      assert.equal((await obtain(pool, two)).id, 'slot-2');
      assert.equal(await refusalOf((reply) => pool.reclaim(slotId('../elsewhere'), three, reply)), 'invalid');
    }));

    it('leaves what is in a reclaimed slot, and lends it clean after', withPool(1, async ({ pool, pristine }) => {
      const slot = await obtain(pool, one);
      assert.deepEqual(await namesIn(slot), pristine);
      await writeFile(join(slot.path, 'work'), 'x');
      await mkdir(join(slot.path, 'deep/er'), { recursive: true });
      await writeFile(join(slot.path, 'deep/er/.hidden'), 'x');
      await mkdir(join(slot.path, 'hollow'));
      valueOf(await ask<Slot>((reply) => pool.reclaim(slot.id, one, reply)));
      assert.deepEqual(await namesIn(slot), [...pristine, 'deep', 'hollow', 'work'].toSorted());
      await release(pool, slot, one);
      assert.deepEqual(await namesIn(await obtain(pool, two)), pristine);
    }));

    it('follows no link out of a slot', withPool(1, async ({ pool, outside, pristine }) => {
      await writeFile(join(outside, 'precious'), 'x');
      const slot = await obtain(pool, one);
      await symlink(outside, join(slot.path, 'link'));
      await symlink(join(outside, 'precious'), join(slot.path, 'file'));
      await release(pool, slot, one);
      assert.deepEqual(await namesIn(await obtain(pool, two)), pristine);
      assert.deepEqual(await readdir(outside), ['precious']);
    }));

    it('clears away folders without write permission', withPool(1, async ({ pool, pristine }) => {
      const slot = await obtain(pool, one);
      await mkdir(join(slot.path, 'node', 'locked'), { recursive: true });
      await writeFile(join(slot.path, 'node', 'locked', 'file'), 'x');
      await chmod(join(slot.path, 'node', 'locked'), 0o500);
      await chmod(join(slot.path, 'node'), 0o500);
      await release(pool, slot, one);
      assert.deepEqual(await namesIn(await obtain(pool, two)), pristine);
    }));

    it('lends twenty at once, and the same twenty again', withPool(20, async ({ pool }) => {
      const holders = Array.from({ length: 20 }, (_, i) => runnerId(`of-many-${i}`));
      for (const attempt of [1, 2]) {
        const lent = await Promise.all(
          holders.map((holder, i) => obtain(pool, holder, { task: taskKey(specName('many'), taskId(String(i))), attempt })),
        );
        assert.equal(new Set(lent.map(({ path }) => path)).size, 20);
        assert.deepEqual([...pool.held().values()].toSorted(), holders.toSorted());
        await Promise.all(lent.map((slot, i) => release(pool, slot, holders[i] ?? one)));
        assert.equal(pool.held().size, 0);
      }
    }));
  });
};
