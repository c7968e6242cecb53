import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Slot } from '../../src/ports/repo-pool.ts';
import { ask } from './launcher/fixture.ts';
import { attempt, lend, requestFor, userEnvironment, withGit, type GitFixture } from './repo-pool/git-fixture.ts';

const [one, two] = [requestFor('app', 'one'), requestFor('app', 'two')];

const objectFiles = (gitDir: string): readonly string[] =>
  readdirSync(join(gitDir, 'objects'), { recursive: true, encoding: 'utf8' })
    .map((name) => join(gitDir, 'objects', name))
    .filter((path) => statSync(path).isFile());

/** Programs that git would run by what a repository says, each leaving a trace. */
const plantPrograms = (fixture: GitFixture, { path }: Slot): void => {
  const program = join(path, 'program');
  writeFileSync(program, `#!/bin/sh\ntouch '${join(fixture.root, 'ran')}'\ncat\n`);
  chmodSync(program, 0o755);
  for (const hook of ['pre-commit', 'post-checkout', 'post-update', 'reference-transaction']) {
    mkdirSync(join(path, '.git/hooks'), { recursive: true });
    symlinkSync(program, join(path, '.git/hooks', hook));
  }
  fixture.write('.gitattributes', '* filter=evil diff=evil\n', path);
  appendFileSync(
    join(path, '.git/config'),
    `[core]\n\tfsmonitor = ${program}\n\thooksPath = ${join(path, '.git/hooks')}\n\tsshCommand = ${program}\n\tpager = ${program}\n` +
      `[filter "evil"]\n\tclean = ${program}\n\tsmudge = ${program}\n\trequired = true\n` +
      `[uploadpack]\n\tpackObjectsHook = ${program}\n[diff "evil"]\n\ttextconv = ${program}\n`,
  );
};

describe('a private clone', () => {
  it('shares no file with the host’s repository, and has its other branches and tags', withGit(async (fixture) => {
    fixture.git('branch', 'release');
    fixture.git('tag', 'v1');
    fixture.git('gc', '-q');
    const { path } = await lend(await fixture.open(), one);
    const inodes = new Set(objectFiles(join(fixture.repo, '.git')).map((file) => statSync(file).ino));
    const own = objectFiles(join(path, '.git'));
    assert.ok(own.length > 0);
    for (const file of own) assert.ok(statSync(file).nlink === 1 && !inodes.has(statSync(file).ino), file);
    assert.ok(!existsSync(join(path, '.git/objects/info/alternates')));
    assert.equal(fixture.gitIn(path, 'branch', '-a', '--format=%(refname)'), ['refs/heads/task/app/one/1', 'refs/remotes/origin/main', 'refs/remotes/origin/release'].join('\n'));
    assert.equal(fixture.gitIn(path, 'describe', '--tags'), 'v1');
    assert.equal(fixture.gitIn(path, 'symbolic-ref', 'HEAD'), 'refs/heads/task/app/one/1');
  }, 'git-clone'));

  it('sends home its own branch and nothing else', withGit(async (fixture) => {
    await attempt(await fixture.open(), one, ({ path }) => {
      fixture.gitIn(path, 'branch', 'mine');
      fixture.gitIn(path, 'tag', 'mine');
      fixture.write('result.txt', 'done', path);
      fixture.commit('done', path);
      fixture.gitIn(path, 'update-ref', 'refs/heads/main', 'HEAD');
    });
    assert.deepEqual(fixture.refs('refs'), ['refs/heads/main', 'refs/heads/task/app/one/1']);
    assert.equal(fixture.git('log', '-1', '--format=%s', 'main'), 'one');
    assert.equal(fixture.show('task/app/one/1', 'result.txt'), 'done');
    assert.ok(!fixture.has('state/slots/slot-1'));
  }, 'git-clone'));

  it('runs no program on the host by what a runner wrote into it', withGit(async (fixture) => {
    const pool = await fixture.open();
    await attempt(pool, one, (slot) => {
      fixture.write('result.txt', 'done', slot.path);
      fixture.commit('done', slot.path);
      plantPrograms(fixture, slot);
      fixture.write('work.txt', 'not committed', slot.path);
      fixture.write('nested/file.txt', 'inner', slot.path);
      fixture.gitIn(join(slot.path, 'nested'), 'init', '-q');
      appendFileSync(join(slot.path, 'nested/.git/config'), `[core]\n\tfsmonitor = ${join(slot.path, 'program')}\n`);
    });
    assert.ok(!fixture.has('ran'));
    assert.equal(fixture.show('task/app/one/1', 'result.txt'), 'done');
    assert.equal(fixture.show('refs/salvage/app/one/1', 'work.txt'), 'not committed');
    assert.equal(fixture.show('refs/salvage/app/one/1', 'nested/file.txt'), 'inner');
    const next = await lend(pool, two);
    assert.ok(!readFileSync(join(next.path, '.git/config'), 'utf8').includes('evil'));
  }, 'git-clone'));

  it('is not followed out of its slot: a link in place of its repository is one more file', withGit(async (fixture) => {
    const pool = await fixture.open();
    const other = join(fixture.root, 'other');
    fixture.gitIn(fixture.root, 'init', '-q', other);
    fixture.write('secret.txt', 'secret', other);
    fixture.commit('secret', other);
    await attempt(pool, one, ({ path }) => {
      rmSync(join(path, '.git'), { recursive: true });
      symlinkSync(join(other, '.git'), join(path, '.git'));
      fixture.write('work.txt', 'x', path);
    });
    assert.equal(fixture.show('refs/salvage/app/one/1', 'work.txt'), 'x');
    assert.equal(fixture.git('log', '--all', '--format=%s').includes('secret'), false);
    assert.ok(fixture.has('other/.git/HEAD'));
  }, 'git-clone'));

  it('is saved as it lies there when git cannot read it', withGit(async (fixture) => {
    const pool = await fixture.open();
    await attempt(pool, one, ({ path }) => {
      fixture.write('result.txt', 'done', path);
      fixture.commit('done', path);
      rmSync(join(path, '.git/HEAD'));
    });
    const ref = 'refs/salvage/app/one/1';
    assert.equal(fixture.show(ref, 'result.txt'), 'done');
    const saved = fixture.git('ls-tree', '-r', '--name-only', ref).split('\n');
    assert.ok(saved.includes('dispatcher-salvage.git/refs/heads/task/app/one/1'), saved.join('\n'));
  }, 'git-clone'));
});

describe('a clone of a repository elsewhere', () => {
  it('comes by a mirror beside the slots, which results and salvage go to', withGit(async (fixture) => {
    const url = `file://${encodeURI(fixture.repo)}`;
    const plain = join(fixture.root, 'plain');
    renameSync(fixture.repo, plain);
    symlinkSync(plain, fixture.repo);
    const pool = await fixture.open({ repo: url.replace(encodeURI(fixture.repo), plain), base: 'main' });
    fixture.write('later.txt', 'x');
    fixture.commit('later');
    await attempt(pool, one, ({ path }) => {
      assert.equal(fixture.gitIn(path, 'log', '-1', '--format=%s'), 'later');
      fixture.commit('done', path);
      fixture.write('work.txt', 'unfinished', path);
    });
    const mirror = join(fixture.baseDir, '.mirror.git');
    assert.equal(fixture.gitIn(mirror, 'log', '-1', '--format=%s', 'task/app/one/1'), 'done');
    assert.equal(fixture.gitIn(mirror, 'show', 'refs/salvage/app/one/1:work.txt'), 'unfinished');
    assert.deepEqual(fixture.refs('refs'), ['refs/heads/main']);
    // Out of reach for a while: what was fetched before is good enough.
    renameSync(plain, `${plain} away`);
    const next = await lend(await fixture.open({ repo: `file://${plain}`, base: 'main' }), two);
    assert.equal(fixture.gitIn(next.path, 'log', '-1', '--format=%s'), 'later');
    assert.ok(fixture.told.some((line) => line.includes('could not be fetched')));
    renameSync(`${plain} away`, plain);
  }, 'git-clone'));

  it('begins at what is checked out there, and is refused in one line where nobody answers', withGit(async (fixture) => {
    const slot = await lend(await fixture.open({ repo: `file://${fixture.repo}` }), one);
    assert.equal(fixture.gitIn(slot.path, 'rev-parse', 'HEAD'), fixture.git('rev-parse', 'main'));
    rmSync(fixture.baseDir, { recursive: true });
    const refused = await fixture.tryOpen({ repo: 'https://me:hunter2@127.0.0.1:1/nowhere.git' });
    assert.ok(!refused.ok && refused.error.kind === 'permanent');
    assert.match(refused.error.message, /^repo_pool\.repo: https:\/\/127\.0\.0\.1:1\/nowhere\.git cannot be used \(.*\); see that/);
    assert.ok(!refused.error.message.includes('hunter2'));
  }, 'git-clone'));

  it('is refused for a shallow repository of this machine', withGit(async (fixture) => {
    fixture.commit('two');
    const shallow = join(fixture.root, 'shallow');
    execFileSync('git', ['clone', '-q', '--depth=1', `file://${fixture.repo}`, shallow], { env: userEnvironment(fixture.root) });
    const refused = await fixture.tryOpen({ repo: shallow });
    assert.match(refused.ok ? '' : refused.error.message, /is a shallow clone, which git-clone cannot clone; run `git fetch --unshallow`/);
  }, 'git-clone'));

  it('waits, and holds no slot, while its base cannot be had', withGit(async (fixture) => {
    const pool = await fixture.open({ base: 'main' });
    fixture.git('checkout', '-q', '--detach');
    fixture.git('branch', '-D', 'main');
    const denied = await ask<Slot>((reply) => pool.obtain(one, reply));
    assert.equal(denied.ok ? 'lent' : denied.error.kind, 'transient');
    assert.equal(pool.held().size, 0);
    fixture.git('branch', 'main');
    await lend(pool, one);
  }, 'git-clone'));
});
