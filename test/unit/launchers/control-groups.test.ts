import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { groupPlaces } from '../../../src/launchers/local-process/control-groups.ts';

const root = mkdtempSync(join(tmpdir(), 'groups-'));
after(() => rmSync(root, { recursive: true }));
let trees = 0;

/** Folders as a cgroup file system has them; none of its files does anything. */
const treeOf = (groups: Readonly<Record<string, Readonly<Record<string, string>>>>): string => {
  trees += 1;
  const top = join(root, String(trees));
  for (const [group, files] of Object.entries(groups)) {
    mkdirSync(join(top, group), { recursive: true });
    for (const [name, text] of Object.entries({ 'cgroup.procs': '', ...files })) writeFileSync(join(top, group, name), `${text}\n`);
  }
  return top;
};

const unified = (top: string, shown = '/'): string => `31 23 0:28 ${shown} ${top} rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n`;
const ALL = { 'cgroup.controllers': 'cpuset cpu io memory pids', 'cgroup.subtree_control': '' };
const GIVEN = { ...ALL, 'cgroup.subtree_control': 'cpu memory pids' };

describe('groups of version 2', () => {
  it('are made in our own, where it hands its controllers down', () => {
    const top = treeOf({ '': ALL, 'service': { ...GIVEN, 'cgroup.procs': '1' } });
    const place = { version: 2, folder: join(top, 'service') };
    assert.deepEqual(groupPlaces({ membership: '0::/service\n', mounts: unified(top) }), { memory: place, cpu: place });
  });

  it('are made beside it, where the one around has nobody in it', () => {
    const top = treeOf({ '': GIVEN, 'service': ALL, 'service/main': { ...ALL, 'cgroup.procs': '7' } });
    const place = { version: 2, folder: join(top, 'service') };
    assert.deepEqual(groupPlaces({ membership: '0::/service/main\n', mounts: unified(top) }), { memory: place, cpu: place });
  });

  it('are made nowhere, where processes are in the way or controllers are missing', () => {
    const busy = { ...ALL, 'cgroup.procs': '7' };
    for (const top of [treeOf({ '': busy, 'own': busy }), treeOf({ '': { ...ALL, 'cgroup.controllers': 'cpu pids' }, 'own': {} })]) {
      assert.deepEqual(groupPlaces({ membership: '0::/own\n', mounts: unified(top) }), { memory: null, cpu: null });
    }
  });

  it('are found where a container shows only a part of them', () => {
    const top = treeOf({ '': GIVEN });
    const place = { version: 2, folder: top };
    assert.deepEqual(groupPlaces({ membership: '0::/docker/abc\n', mounts: unified(top, '/docker/abc') }), { memory: place, cpu: place });
  });
});

describe('groups of version 1', () => {
  it('are made in our own of each controller', () => {
    const memory = treeOf({ 'a/b': {} });
    const cpu = treeOf({ '': {} });
    const mounts = `32 31 0:29 / ${cpu} rw - cgroup cgroup rw,cpu,cpuacct\n35 31 0:32 / ${memory} rw - cgroup cgroup rw,memory\n${unified(treeOf({}))}`;
    assert.deepEqual(groupPlaces({ membership: '4:memory:/a/b\n1:cpu,cpuacct:/\n0::/\n', mounts }), {
      memory: { version: 1, folder: join(memory, 'a/b') },
      cpu: { version: 1, folder: cpu },
    });
  });

  it('are made nowhere, where there are none', () => {
    assert.deepEqual(groupPlaces({ membership: '', mounts: '' }), { memory: null, cpu: null });
    assert.deepEqual(groupPlaces({ membership: '4:memory:/gone\n', mounts: '35 31 0:32 / /no/such rw - cgroup cgroup rw,memory\n' }), { memory: null, cpu: null });
  });
});
