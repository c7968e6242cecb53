import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runnerId, specName, taskId, taskKey } from '../../src/domain/ids.ts';
import { createDirectoryPool } from '../../src/repo-pool/directory-pool.ts';
import type { Slot } from '../../src/ports/repo-pool.ts';
import { ask } from './launcher/fixture.ts';
import { obtain, repoPoolConformance } from './repo-pool.ts';

const make = async (slots: number) => {
  const root = await mkdtemp(join(tmpdir(), 'slots-'));
  const outside = join(root, 'outside');
  await mkdir(outside);
  const baseDir = join(root, 'not', 'made', 'yet');
  return { root, baseDir, outside, pristine: [], pool: createDirectoryPool({ baseDir, slots }), end: () => rm(root, { recursive: true }) };
};

repoPoolConformance('directory', make);

describe('directory slots', () => {
  it('are made on first use, below the base directory', async () => {
    const { baseDir, pool, end } = await make(3);
    await assert.rejects(lstat(baseDir), { code: 'ENOENT' });
    const slot = await obtain(pool, runnerId('one'));
    assert.deepEqual([slot.path, slot.branch, await readdir(baseDir)], [join(baseDir, 'slot-1'), null, ['slot-1']]);
    await end();
  });

  it('become folders again where a runner put a link in their place', async () => {
    const { baseDir, outside, pool, end } = await make(1);
    await mkdir(baseDir, { recursive: true });
    await writeFile(join(outside, 'precious'), 'x');
    await symlink(outside, join(baseDir, 'slot-1'));
    const slot = await obtain(pool, runnerId('one'));
    assert.ok((await lstat(slot.path)).isDirectory());
    assert.deepEqual(await readdir(outside), ['precious']);
    await end();
  });

  it('are emptied of folders without write permission', async () => {
    const { baseDir, pool, end } = await make(1);
    const locked = join(baseDir, 'slot-1', 'node', 'locked');
    await mkdir(locked, { recursive: true });
    await writeFile(join(locked, 'file'), 'x');
    await chmod(locked, 0o500);
    await chmod(join(baseDir, 'slot-1', 'node'), 0o500);
    assert.deepEqual(await readdir((await obtain(pool, runnerId('one'))).path), []);
    await end();
  });

  it('that cannot be prepared are not held, and the reason is told', async () => {
    const { baseDir, pool, end } = await make(1);
    await mkdir(join(baseDir, '..'), { recursive: true });
    await writeFile(baseDir, 'in the way');
    const request = { runnerId: runnerId('one'), task: taskKey(specName('s'), taskId('t')), attempt: 1 };
    const result = await ask<Slot>((reply) => pool.obtain(request, reply));
    assert.ok(!result.ok && result.error.kind === 'transient' && result.error.message.includes(baseDir));
    assert.equal(pool.held().size, 0);
    await rm(baseDir);
    assert.equal((await obtain(pool, runnerId('one'))).id, 'slot-1');
    await end();
  });

  it('need an absolute folder and at least one slot', () => {
    assert.throws(() => createDirectoryPool({ baseDir: 'relative', slots: 1 }), RangeError);
    assert.throws(() => createDirectoryPool({ baseDir: '/tmp', slots: 0 }), RangeError);
  });
});
