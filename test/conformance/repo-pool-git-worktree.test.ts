import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemProcessTable } from '../../src/platform/process-table.ts';
import type { ProcessTable } from '../../src/ports/process-table.ts';
import type { Slot } from '../../src/ports/repo-pool.ts';
import { ask, eventually } from './launcher/fixture.ts';
import { attempt, giveBack, type GitFixture, lend, OTHER_REGISTRY, REGISTRY, requestFor, withGit } from './repo-pool/git-fixture.ts';

const [one, two] = [requestFor('app', 'one'), requestFor('app', 'two')];

describe('branches of attempts', () => {
  it('begin at what is checked out at that moment, and are checked out themselves', withGit(async (fixture) => {
    const pool = await fixture.open();
    fixture.write('later.txt', 'x');
    fixture.commit('later');
    const slot = await lend(pool, one);
    assert.equal(slot.branch, 'task/app/one/1');
    assert.equal(fixture.gitIn(slot.path, 'symbolic-ref', 'HEAD'), 'refs/heads/task/app/one/1');
    assert.equal(fixture.gitIn(slot.path, 'rev-parse', 'HEAD'), fixture.git('rev-parse', 'main'));
  }));

  it('begin at the configured base, and do not track it', withGit(async (fixture) => {
    fixture.git('branch', 'release');
    fixture.commit('later');
    fixture.git('config', 'branch.autoSetupMerge', 'always');
    const config = fixture.read('a répository/.git/config');
    const slot = await lend(await fixture.open({ base: 'release' }), one);
    assert.equal(fixture.gitIn(slot.path, 'rev-parse', 'HEAD'), fixture.git('rev-parse', 'release'));
    assert.equal(fixture.read('a répository/.git/config'), config);
  }));

  it('begin at the HEAD of the linked worktree that is configured', withGit(async (fixture) => {
    const linked = join(fixture.root, 'linked');
    fixture.git('worktree', 'add', '-q', '-b', 'aside', linked);
    fixture.commit('aside', linked);
    const slot = await lend(await fixture.open({ repo: linked }), one);
    assert.equal(fixture.gitIn(slot.path, 'rev-parse', 'HEAD'), fixture.git('rev-parse', 'aside'));
  }));

  it('have the registry’s short UUID when an earlier registry’s has the name', withGit(async (fixture) => {
    const branches = [];
    for (const registry of [OTHER_REGISTRY, REGISTRY]) {
      // As if the earlier one's dispatcher had ended.
      const processes: ProcessTable = { ...systemProcessTable(), isAlive: () => false };
      branches.push((await attempt(await fixture.open({ registry, processes }), one, () => undefined)).branch);
    }
    assert.deepEqual(branches, ['task/app/one/1', 'task/app/one/1-0a1b2c3d']);
  }));

  it('exist beside a branch that is called task, and for ids that are folders of each other', withGit(async (fixture) => {
    fixture.git('branch', 'task');
    const pool = await fixture.open();
    assert.equal((await lend(pool, one)).branch, 'task-0a1b2c3d/app/one/1');
    fixture.git('branch', '-D', 'task');
    assert.equal((await lend(pool, requestFor('app', 'one/more'))).branch, 'task/app/one%2Fmore/1');
  }));

  it('are used again when the attempt was never claimed, and begin anew then', withGit(async (fixture) => {
    const pool = await fixture.open();
    await attempt(pool, one, () => undefined);
    fixture.commit('later');
    const again = await lend(pool, one);
    assert.equal(again.branch, 'task/app/one/1');
    assert.equal(fixture.gitIn(again.path, 'rev-parse', 'HEAD'), fixture.git('rev-parse', 'main'));
    // Killed before the claim, with both slots lent: each attempt gets the slot that has its branch.
    await lend(pool, two);
    const next = await fixture.open();
    assert.deepEqual([(await lend(next, two)).branch, (await lend(next, one)).branch], ['task/app/two/1', 'task/app/one/1']);
  }));

  it('are not used again once somebody has moved them', withGit(async (fixture) => {
    const pool = await fixture.open();
    await attempt(pool, one, ({ path }) => fixture.commit('by hand', path));
    assert.equal((await lend(pool, one)).branch, 'task/app/one/1-0a1b2c3d');
    assert.equal(fixture.git('log', '-1', '--format=%s', 'task/app/one/1'), 'by hand');
  }));
});

describe('worktrees', () => {
  it('are made once, locked, and as many as there are slots', withGit(async (fixture) => {
    const pool = await fixture.open({ slots: 3 });
    const requests = ['a', 'b', 'c'].map((id) => requestFor('app', id));
    const slots = await Promise.all(requests.map((request) => lend(pool, request)));
    const inodes = slots.map(({ path }) => statSync(path).ino);
    for (const [i, slot] of slots.entries()) await giveBack(pool, slot, requests[i] ?? one);
    const listed = fixture.git('worktree', 'list', '--porcelain').split('\n\n');
    assert.equal(listed.length, 4);
    for (const entry of listed.slice(1)) assert.match(entry, /\ndetached\nlocked/);
    const again = await Promise.all(requests.map((request) => lend(pool, { ...request, attempt: 2 })));
    assert.deepEqual(again.map(({ path }) => statSync(path).ino), inodes);
  }));

  it('leave the main checkout alone: HEAD, index, stash, configuration, hooks and files', withGit(async (fixture) => {
    fixture.write('src/main.txt', 'stashed\n');
    fixture.git('stash');
    fixture.write('src/main.txt', 'half done\n');
    fixture.write('staged.txt', 'x');
    fixture.git('add', 'staged.txt');
    const look = (): readonly string[] => [
      fixture.git('status', '--porcelain'),
      fixture.git('symbolic-ref', 'HEAD'),
      fixture.git('stash', 'list'),
      ...['index', 'config', 'HEAD'].map((name) => readFileSync(join(fixture.repo, '.git', name), 'base64')),
    ];
    const before = look();
    const pool = await fixture.open();
    await attempt(pool, one, ({ path }) => fixture.write('work.txt', 'x', path));
    await attempt(pool, two, ({ path }) => fixture.commit('done', path));
    assert.deepEqual(look(), before);
  }));

  it('come from a bare repository as well', withGit(async (fixture) => {
    const bare = join(fixture.root, 'bare.git');
    fixture.gitIn(fixture.root, 'clone', '-q', '--bare', fixture.repo, bare);
    const pool = await fixture.open({ repo: bare });
    await attempt(pool, one, ({ path }) => fixture.commit('done', path));
    assert.equal(fixture.gitIn(bare, 'log', '-1', '--format=%s', 'task/app/one/1'), 'done');
  }));

  it('are made in the repository that is configured, whatever the environment says', withGit(async (fixture) => {
    const elsewhere = { GIT_DIR: '/nowhere', GIT_INDEX_FILE: '/nowhere', GIT_WORK_TREE: '/', GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'core.bare', GIT_CONFIG_VALUE_0: 'true' };
    const slot = await lend(await fixture.open({ environment: elsewhere }), one);
    assert.equal(fixture.gitIn(slot.path, 'rev-parse', 'HEAD'), fixture.git('rev-parse', 'main'));
  }));

  it('lie in a folder that the repository they are in does not see', withGit(async (fixture) => {
    const inside = Object.assign(Object.create(fixture) as GitFixture, { baseDir: join(fixture.repo, 'my [slots]') });
    await lend(await inside.open(), one);
    await inside.open();
    assert.equal(fixture.git('status', '--porcelain'), '');
    assert.equal(fixture.read('a répository/.git/info/exclude').match(/slots/g)?.length, 1);
  }));

  it('of a smaller pool are removed if they are clean, and left and told if not', withGit(async (fixture) => {
    const requests = ['a', 'b', 'c', 'd'].map((id) => requestFor('app', id));
    const pool = await fixture.open({ slots: 4 });
    const slots = await Promise.all(requests.map((request) => lend(pool, request)));
    fixture.write('work.txt', 'x', slots[2]?.path);
    await Promise.all([0, 1].map((i) => giveBack(pool, slots[i] as Slot, requests[i] ?? one)));
    const smaller = await fixture.open({ slots: 2 });
    await lend(smaller, requestFor('app', 'e'));
    await eventually('slot-4 is removed', () => !fixture.has('state/slots/slot-4'));
    await eventually('slot-3 is told', () => fixture.told.some((line) => line.startsWith('slot-3 is more than repo_pool.slots allows')));
    assert.equal(fixture.read('state/slots/slot-3/work.txt'), 'x');
    assert.equal(fixture.git('worktree', 'list').split('\n').length, 4);
  }));
});

/** What may befall a worktree between two lives of the dispatcher. */
const MISHAPS: Readonly<Record<string, (fixture: GitFixture, slot: Slot, admin: string) => void>> = {
  'its folder is removed': (_, { path }) => rmSync(path, { recursive: true }),
  'its folder is removed and it is pruned': (fixture, { path }) => {
    rmSync(path, { recursive: true });
    fixture.git('worktree', 'unlock', path);
    fixture.git('worktree', 'prune', '--expire=now');
  },
  'it is removed by git': (fixture, { path }) => void fixture.git('worktree', 'remove', '-f', '-f', path),
  'all slots are removed': (fixture) => rmSync(fixture.baseDir, { recursive: true }),
  'its administrative folder is removed': (_fixture, _slot, admin) => rmSync(admin, { recursive: true }),
  'its link is removed': (_, { path }) => rmSync(join(path, '.git')),
  'its link is junk': (_, { path }) => writeFileSync(join(path, '.git'), 'junk'),
  'its index is junk': (_fixture, _slot, admin) => writeFileSync(join(admin, 'index'), 'junk'),
  'its index is gone': (_fixture, _slot, admin) => rmSync(join(admin, 'index')),
  'its HEAD is junk': (_fixture, _slot, admin) => writeFileSync(join(admin, 'HEAD'), ''),
  'it was being made (HEAD of no commit)': (_fixture, { path }, admin) => {
    writeFileSync(join(admin, 'HEAD'), `${'0'.repeat(40)}\n`);
    rmSync(join(admin, 'index'));
    rmSync(join(path, 'src'), { recursive: true });
  },
  'it is unlocked': (fixture, { path }) => void fixture.git('worktree', 'unlock', path),
  'locks of a killed git lie there': (_fixture, _slot, admin) => {
    for (const name of ['index.lock', 'HEAD.lock', 'logs/HEAD.lock']) writeFileSync(join(admin, name), '');
  },
  'a rebase was left in the middle': (fixture, { path }) => {
    for (const text of ['a', 'b']) {
      fixture.write('src/main.txt', text, path);
      fixture.commit(text, path);
    }
    assert.throws(() => fixture.gitIn(path, 'rebase', '--onto', 'main', 'HEAD~1'));
  },
  'it was made sparse': (fixture, { path }) => void fixture.gitIn(path, 'sparse-checkout', 'set', '--no-cone', '/.gitignore'),
  'git was told not to look at a file': (fixture, { path }) => {
    fixture.gitIn(path, 'update-index', '--skip-worktree', 'src/main.txt');
    fixture.write('src/main.txt', 'hidden', path);
  },
  'the repository was moved': (fixture) => {
    renameSync(fixture.repo, `${fixture.repo} elsewhere`);
    Object.assign(fixture, { repo: `${fixture.repo} elsewhere` });
  },
  'the slots were moved': (fixture) => {
    renameSync(join(fixture.root, 'state'), join(fixture.root, 'other state'));
    Object.assign(fixture, { baseDir: join(fixture.root, 'other state', 'slots') });
  },
  'a link took its place': (fixture, { path }) => {
    renameSync(path, join(fixture.root, 'elsewhere'));
    symlinkSync(join(fixture.root, 'elsewhere'), path);
  },
};

describe('a worktree is as new when it is next lent, though', () => {
  for (const [name, befall] of Object.entries(MISHAPS)) {
    it(name, withGit(async (fixture) => {
      const slot = await lend(await fixture.open({ slots: 1 }), one);
      befall(fixture, slot, fixture.gitIn(slot.path, 'rev-parse', '--absolute-git-dir'));
      const next = await lend(await fixture.open({ slots: 1 }), two);
      assert.equal(fixture.gitIn(next.path, 'rev-parse', 'HEAD'), fixture.git('rev-parse', 'main'));
      assert.equal(fixture.gitIn(next.path, 'status', '--porcelain', '--ignored'), '');
      assert.doesNotMatch(fixture.gitIn(next.path, 'status'), /in progress|sparse/);
      assert.equal(readFileSync(join(next.path, 'src/main.txt'), 'utf8'), 'one\n');
      assert.equal(fixture.gitIn(next.path, 'ls-files', '-v'), 'H .gitignore\nH src/main.txt');
      fixture.commit('works', next.path);
      assert.equal(fixture.git('log', '-1', '--format=%s', 'task/app/two/1'), 'works');
      assert.deepEqual(fixture.told.filter((line) => line.includes('out of use')), []);
    }));
  }

  it('not where a file is in the way: that is left, and told', withGit(async (fixture) => {
    fixture.write('state/slots/slot-1', 'precious', fixture.root);
    const pool = await fixture.open({ slots: 1 });
    const denied = await ask<Slot>((reply) => pool.obtain(one, reply));
    assert.match(denied.ok ? '' : denied.error.message, /slot-1 is a file, where a slot should be; move it away/);
    assert.equal(fixture.read('state/slots/slot-1'), 'precious');
  }));

  it('its base is gone from the repository', withGit(async (fixture) => {
    fixture.commit('to be forgotten');
    await attempt(await fixture.open({ slots: 1 }), one, ({ path }) => fixture.commit('done', path));
    fixture.git('reset', '-q', '--hard', 'HEAD~1');
    const next = await lend(await fixture.open({ slots: 1 }), two);
    assert.equal(fixture.gitIn(next.path, 'rev-parse', 'HEAD'), fixture.git('rev-parse', 'main'));
    assert.deepEqual(fixture.refs('refs/salvage'), []);
  }));
});

describe('worktrees of unusual repositories', () => {
  it('with hashes of the other kind work as well', withGit(async (fixture) => {
    const repo = join(fixture.root, 'sha256');
    fixture.gitIn(fixture.root, 'init', '-q', '--object-format=sha256', repo);
    fixture.commit('one', repo);
    const pool = await fixture.open({ repo });
    const slot = await attempt(pool, one, ({ path }) => fixture.write('work.txt', 'x', path));
    assert.equal(fixture.gitIn(repo, 'show', 'refs/salvage/app/one/1:work.txt'), 'x');
    assert.equal(fixture.gitIn(repo, 'fsck', '--no-dangling'), '');
    assert.equal(slot.branch, 'task/app/one/1');
  }));

  it('with submodules are told of, and what is in one is saved and cleared', withGit(async (fixture) => {
    const inner = join(fixture.root, 'inner');
    fixture.gitIn(fixture.root, 'init', '-q', inner);
    fixture.write('part.txt', 'part', inner);
    fixture.commit('part', inner);
    const allow = ['-c', 'protocol.file.allow=always'];
    fixture.git(...allow, 'submodule', 'add', '-q', inner, 'sub');
    fixture.commit('with a submodule');
    const pool = await fixture.open();
    assert.ok(fixture.told.some((line) => line.includes('no submodules checked out')));
    await attempt(pool, one, ({ path }) => void fixture.gitIn(path, ...allow, 'submodule', 'update', '-q', '--init'));
    assert.deepEqual(fixture.refs('refs/salvage'), []);
    await attempt(pool, two, ({ path }) => {
      fixture.gitIn(path, ...allow, 'submodule', 'update', '-q', '--init');
      fixture.write('sub/part.txt', 'changed', path);
    });
    assert.equal(fixture.show('refs/salvage/app/two/1', 'sub/part.txt'), 'changed');
    const next = await lend(pool, requestFor('app', 'three'));
    assert.equal(fixture.gitIn(next.path, 'status', '--porcelain', '--ignored'), '');
    assert.deepEqual(readdirSync(join(next.path, 'sub')), []);
  }));
});

describe('a slot with a living process in it', () => {
  it('is not lent: another one is, and nothing in it is touched until it has gone', withGit(async (fixture) => {
    const slot = await lend(await fixture.open(), one);
    fixture.write('work.txt', 'in use', slot.path);
    const stray = spawn('sleep', ['1000'], { cwd: slot.path, stdio: 'ignore', detached: true });
    await once(stray, 'spawn');
    try {
      const pool = await fixture.open({ slots: 1 });
      const denied = await ask<Slot>((reply) => pool.obtain(two, reply));
      assert.ok(!denied.ok && denied.error.kind === 'unavailable');
      assert.match(denied.error.message, new RegExp(`process ${stray.pid} \\(sleep\\) is in .*slot-1`));
      assert.equal((await lend(await fixture.open(), two)).id, 'slot-2');
      assert.equal(fixture.read('state/slots/slot-1/work.txt'), 'in use');
      assert.deepEqual(fixture.refs('refs/salvage'), []);
    } finally {
      stray.kill('SIGKILL');
      await once(stray, 'exit');
    }
    const pool = await fixture.open({ slots: 1 });
    assert.equal((await lend(pool, two)).id, 'slot-1');
    assert.equal(fixture.show('refs/salvage/app/one/1', 'work.txt'), 'in use');
  }));

  it('is told and left when its runner’s slot comes back, and cleared later', withGit(async (fixture) => {
    const pool = await fixture.open({ slots: 1 });
    const slot = await lend(pool, one);
    mkdirSync(join(slot.path, 'deep'));
    fixture.write('deep/work.txt', 'in use', slot.path);
    const stray = spawn('sleep', ['1000'], { cwd: join(slot.path, 'deep'), stdio: 'ignore', detached: true });
    await once(stray, 'spawn');
    await giveBack(pool, slot, one);
    assert.ok(fixture.told.some((line) => line.startsWith('slot-1 is left as it is: process')));
    assert.equal(fixture.read('state/slots/slot-1/deep/work.txt'), 'in use');
    stray.kill('SIGKILL');
    await once(stray, 'exit');
    await lend(pool, two);
    assert.equal(fixture.show('refs/salvage/app/one/1', 'deep/work.txt'), 'in use');
  }));
});

describe('a pool of worktrees is refused, in one line with the mend, for', () => {
  const refusal = async (fixture: GitFixture, options: Parameters<GitFixture['tryOpen']>[0]): Promise<string> => {
    const opened = await fixture.tryOpen(options);
    assert.ok(!opened.ok && opened.error.kind === 'permanent');
    assert.ok(!opened.error.message.includes('\n'));
    return opened.error.message;
  };

  it('a folder that is not there, or in no repository', withGit(async (fixture) => {
    assert.match(await refusal(fixture, { repo: join(fixture.root, 'nowhere') }), /nowhere is no folder; name one/);
    assert.match(await refusal(fixture, { repo: fixture.root }), /is in no git repository; run `git init` there/);
  }));

  it('a repository without a commit, and a base that is none', withGit(async (fixture) => {
    const empty = join(fixture.root, 'empty');
    fixture.gitIn(fixture.root, 'init', '-q', empty);
    assert.match(await refusal(fixture, { repo: empty }), /has no commit to begin at; make one/);
    for (const base of ['nonsense', '--help']) assert.match(await refusal(fixture, { base }), /repo_pool\.base: ".*" names no commit/);
  }));

  it('a folder of slots that another registry’s living dispatcher has', withGit(async (fixture) => {
    await fixture.open();
    assert.match(await refusal(fixture, { registry: OTHER_REGISTRY }), /is in use by another registry's dispatcher \(pid \d+\); name another folder/);
    await fixture.open();
  }));

  it('a git that is too old, or not there', withGit(async (fixture) => {
    const bin = join(fixture.root, 'bin');
    assert.match(await refusal(fixture, { environment: { PATH: bin } }), /git cannot be started .*; install it/);
    mkdirSync(bin);
    writeFileSync(join(bin, 'git'), '#!/bin/sh\necho git version 2.20.1\n');
    chmodSync(join(bin, 'git'), 0o755);
    assert.match(await refusal(fixture, { environment: { PATH: `${bin}:${process.env['PATH'] ?? ''}` } }), /git version 2\.20\.1 is too old; expected git 2\.30/);
  }));
});
