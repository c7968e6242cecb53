import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { PortError } from '../../src/domain/failures.ts';
import { runnerId } from '../../src/domain/ids.ts';
import { SalvageStore } from '../../src/repo-pool/git/salvage-store.ts';
import { Git } from '../../src/repo-pool/git/git-command.ts';
import type { Slot } from '../../src/ports/repo-pool.ts';
import { ask, valueOf } from './launcher/fixture.ts';
import { attempt, giveBack, lend, requestFor, userEnvironment, withGit, type GitFixture, type GitPoolType } from './repo-pool/git-fixture.ts';

const REF = 'refs/salvage/app/one/1';
const request = requestFor('app', 'one');

/** What a runner leaves, and what of it the salvage must hold: contents by path, `null` for what must not be there. */
interface Case {
  readonly name: string;
  readonly work: (slot: Slot, fixture: GitFixture) => void;
  readonly kept: Readonly<Record<string, string | null>>;
  readonly only?: GitPoolType;
}

const CASES: readonly Case[] = [
  {
    name: 'changes, staged or not, and new files that are not ignored',
    work: ({ path }, fixture) => {
      fixture.write('src/main.txt', 'two\n', path);
      fixture.write('new/file.txt', 'new', path);
      fixture.write('staged.txt', 'staged', path);
      fixture.gitIn(path, 'add', 'staged.txt');
      fixture.write('noise.log', 'ignored', path);
    },
    kept: { 'src/main.txt': 'two', 'new/file.txt': 'new', 'staged.txt': 'staged', 'noise.log': null },
  },
  {
    name: 'a deletion',
    work: ({ path }) => rmSync(join(path, 'src/main.txt')),
    kept: { 'src/main.txt': null, '.gitignore': '*.log' },
  },
  {
    name: 'commits on a detached HEAD',
    work: ({ path }, fixture) => {
      fixture.gitIn(path, 'checkout', '-q', '--detach');
      fixture.write('lost.txt', 'found', path);
      fixture.commit('stray', path);
    },
    kept: { 'lost.txt': 'found' },
  },
  {
    name: 'commits on another branch than the attempt’s',
    work: ({ path }, fixture) => {
      fixture.gitIn(path, 'checkout', '-q', '-b', 'elsewhere');
      fixture.write('lost.txt', 'found', path);
      fixture.commit('stray', path);
    },
    kept: { 'lost.txt': 'found' },
  },
  {
    name: 'a merge with a conflict',
    work: ({ path }, fixture) => {
      fixture.gitIn(path, 'checkout', '-q', '-b', 'side');
      fixture.write('src/main.txt', 'theirs\n', path);
      fixture.commit('theirs', path);
      fixture.gitIn(path, 'checkout', '-q', 'task/app/one/1');
      fixture.write('src/main.txt', 'ours\n', path);
      fixture.commit('ours', path);
      assert.throws(() => fixture.gitIn(path, 'merge', 'side'));
    },
    kept: { 'src/main.txt': '<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> side' },
  },
  {
    name: 'files of repositories that were made in it, with commits or without',
    work: ({ path }, fixture) => {
      fixture.write('deep/nested/file.txt', 'inner', path);
      fixture.gitIn(join(path, 'deep/nested'), 'init', '-q');
      fixture.commit('inner', join(path, 'deep/nested'));
      fixture.write('empty/file.txt', 'no commit', path);
      fixture.gitIn(join(path, 'empty'), 'init', '-q');
    },
    kept: { 'deep/nested/file.txt': 'inner', 'empty/file.txt': 'no commit' },
  },
  {
    name: 'a repository that was committed as no more than a link',
    work: ({ path }, fixture) => {
      fixture.write('nested/file.txt', 'inner', path);
      fixture.gitIn(join(path, 'nested'), 'init', '-q');
      fixture.commit('inner', join(path, 'nested'));
      fixture.commit('only a link', path);
      assert.match(fixture.gitIn(path, 'ls-files', '-s', 'nested'), /^160000/);
    },
    kept: { 'nested/file.txt': 'inner' },
  },
  {
    name: 'a repository made in a tracked folder',
    work: ({ path }, fixture) => {
      fixture.gitIn(join(path, 'src'), 'init', '-q');
      fixture.write('src/more.txt', 'more', path);
      fixture.commit('inner', join(path, 'src'));
    },
    kept: { 'src/more.txt': 'more', 'src/main.txt': 'one' },
  },
  {
    name: 'a change that git was told not to look at',
    work: ({ path }, fixture) => {
      fixture.gitIn(path, 'update-index', '--assume-unchanged', 'src/main.txt');
      fixture.write('src/main.txt', 'hidden\n', path);
    },
    kept: { 'src/main.txt': 'hidden' },
  },
  {
    name: 'a change known to a split index',
    work: ({ path }, fixture) => {
      fixture.gitIn(path, 'update-index', '--split-index');
      fixture.write('src/main.txt', 'split\n', path);
      fixture.gitIn(path, 'add', '-A');
    },
    kept: { 'src/main.txt': 'split' },
  },
  {
    name: 'all files, when the slot’s repository is another one now',
    work: ({ path }, fixture) => {
      rmSync(join(path, '.git'), { recursive: true });
      fixture.write('own.txt', 'own', path);
      fixture.gitIn(path, 'init', '-q');
      fixture.commit('own', path);
    },
    kept: { 'own.txt': 'own', 'src/main.txt': 'one' },
  },
  {
    name: 'all files, when its link to the repository is gone',
    work: ({ path }, fixture) => {
      rmSync(join(path, '.git'), { recursive: true });
      fixture.write('own.txt', 'own', path);
    },
    kept: { 'own.txt': 'own', 'src/main.txt': 'one' },
  },
  {
    name: 'files whose index is junk',
    work: ({ path }, fixture) => {
      writeFileSync(join(fixture.gitIn(path, 'rev-parse', '--absolute-git-dir'), 'index'), 'junk');
      fixture.write('own.txt', 'own', path);
    },
    kept: { 'own.txt': 'own', 'src/main.txt': 'one' },
  },
  {
    name: 'an executable, a link, and names that are hard to write',
    work: ({ path }, fixture) => {
      fixture.write('run.sh', '#!/bin/sh\n', path);
      chmodSync(join(path, 'run.sh'), 0o755);
      symlinkSync('/etc/passwd', join(path, 'link'));
      fixture.write('a "b"\n語 .txt', 'odd', path);
    },
    kept: { 'run.sh': '#!/bin/sh', link: '/etc/passwd', 'a "b"\n語 .txt': 'odd' },
  },
];

for (const type of ['git-worktree', 'git-clone'] as const) {
  describe(`a ${type} slot that is taken back`, () => {
    for (const { name, work, kept } of CASES) {
      it(`is saved first: ${name}`, withGit(async (fixture) => {
        const pool = await fixture.open();
        const slot = await attempt(pool, request, (lent) => work(lent, fixture));
        assert.deepEqual(fixture.refs('refs/salvage'), [REF], fixture.told.join('\n'));
        for (const [path, content] of Object.entries(kept)) assert.equal(fixture.show(REF, path), content, path);
        const next = await lend(pool, requestFor('app', 'two'));
        assert.equal(next.path, slot.path);
        assert.deepEqual(readdirSync(next.path).toSorted(), ['.git', '.gitignore', 'src']);
        assert.equal(fixture.gitIn(next.path, 'status', '--porcelain', '--ignored'), '');
        assert.equal(fixture.gitIn(next.path, 'ls-files', '-v'), 'H .gitignore\nH src/main.txt');
        assert.ok(fixture.told.some((line) => line.includes('dispatcher salvage restore app/one')));
      }, type));
    }

    it('leaves no salvage when all is committed to its branch, whatever git ignores', withGit(async (fixture) => {
      const pool = await fixture.open();
      await attempt(pool, request, ({ path }) => {
        fixture.write('result.txt', 'done', path);
        fixture.write('noise.log', 'ignored', path);
        mkdirSync(join(path, 'hollow'));
        execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', join(path, 'pipe')]);
        fixture.commit('done', path);
      });
      assert.deepEqual(fixture.refs('refs/salvage'), []);
      assert.equal(fixture.show('task/app/one/1', 'result.txt'), 'done');
      assert.equal(fixture.git('rev-list', '--count', 'main..task/app/one/1'), '1');
      assert.deepEqual(fixture.told, []);
      const next = await lend(pool, requestFor('app', 'two'));
      assert.deepEqual(readdirSync(next.path).toSorted(), ['.git', '.gitignore', 'src']);
    }, type));

    it('keeps later work of the same attempt beside the earlier one', withGit(async (fixture) => {
      const pool = await fixture.open();
      for (const text of ['first', 'second']) await attempt(pool, request, ({ path }) => fixture.write('work.txt', text, path));
      assert.deepEqual(fixture.refs('refs/salvage').map((ref) => fixture.show(ref, 'work.txt')), ['first', 'second']);
      assert.deepEqual(fixture.refs('refs/salvage'), [REF, `${REF}-2`]);
    }, type));

    it('is left as it is, and out of use, when its work cannot be saved; and lent again when it can', withGit(async (fixture) => {
      const pool = await fixture.open({ slots: 1 });
      const slot = await lend(pool, request);
      fixture.write('work.txt', 'precious', slot.path);
      writeFileSync(join(fixture.repo, '.git/refs/salvage'), 'in the way');
      const refused = await ask<null>((reply) => pool.release(slot.id, request.runnerId, reply));
      assert.ok(!refused.ok && refused.error.message.includes('refs/salvage'), JSON.stringify(refused));
      assert.equal(pool.held().size, 0);
      assert.ok(fixture.told.some((line) => line.startsWith('slot-1 is out of use')));
      const denied = await ask<Slot>((reply) => pool.obtain(requestFor('app', 'two'), reply));
      assert.equal(denied.ok ? 'lent' : (denied.error satisfies PortError).kind, 'permanent');
      assert.equal(fixture.read('state/slots/slot-1/work.txt'), 'precious');
      rmSync(join(fixture.repo, '.git/refs/salvage'));
      await lend(pool, requestFor('app', 'two'));
      assert.equal(fixture.show(REF, 'work.txt'), 'precious');
    }, type));

    it('is saved under the attempt’s name when the dispatcher was killed, by the next one', withGit(async (fixture) => {
      const slot = await lend(await fixture.open({ slots: 1 }), request);
      fixture.write('work.txt', 'unfinished', slot.path);
      const next = await lend(await fixture.open({ slots: 1 }), requestFor('app', 'two'));
      assert.equal(next.path, slot.path);
      assert.equal(fixture.show(REF, 'work.txt'), 'unfinished');
      const message = fixture.git('log', '-1', '--format=%an%n%B', REF);
      assert.match(message, /^dispatcher\nsalvage: app\/one, attempt 1\n/);
      assert.match(message, /\nDispatcher-Branch: task\/app\/one\/1\n/);
    }, type));

    it('is not touched when a runner found alive holds it', withGit(async (fixture) => {
      const slot = await lend(await fixture.open({ slots: 1 }), request);
      fixture.write('work.txt', 'in progress', slot.path);
      const pool = await fixture.open({ slots: 1 });
      const again = valueOf(await ask<Slot>((reply) => pool.reclaim(slot.id, request.runnerId, reply)));
      assert.deepEqual(again, slot);
      const denied = await ask<Slot>((reply) => pool.obtain(requestFor('app', 'two'), reply));
      assert.equal(denied.ok ? 'lent' : denied.error.kind, 'unavailable');
      assert.equal(fixture.read('state/slots/slot-1/work.txt'), 'in progress');
      await giveBack(pool, again, request);
      assert.equal(fixture.show(REF, 'work.txt'), 'in progress');
    }, type));
  });
}

describe('salvage', () => {
  it('has the history of a repository that was made in the slot', withGit(async (fixture) => {
    const pool = await fixture.open();
    await attempt(pool, request, ({ path }) => {
      fixture.write('nested/file.txt', 'first', path);
      fixture.gitIn(join(path, 'nested'), 'init', '-q', '-b', 'inner');
      fixture.commit('the first of two', join(path, 'nested'));
      fixture.write('nested/file.txt', 'second', path);
      fixture.commit('the second of two', join(path, 'nested'));
    });
    const bundle = join(fixture.root, 'nested.bundle');
    writeFileSync(bundle, execFileSync('git', ['show', `${REF}:nested/dispatcher-salvage.bundle`], { cwd: fixture.repo }));
    fixture.gitIn(fixture.root, 'clone', '-q', '-b', 'inner', bundle, 'restored');
    assert.equal(fixture.gitIn(join(fixture.root, 'restored'), 'log', '--format=%s'), 'the second of two\nthe first of two');
  }));

  it('has what was staged and is in no file any more as a second parent', withGit(async (fixture) => {
    const pool = await fixture.open();
    await attempt(pool, request, ({ path }) => {
      fixture.write('staged.txt', 'staged only', path);
      fixture.gitIn(path, 'add', '-A');
      rmSync(join(path, 'staged.txt'));
    });
    assert.equal(fixture.show(`${REF}^2`, 'staged.txt'), 'staged only');
  }));

  it('runs no hook, moves no branch and touches nobody’s stash, index or signature', withGit(async (fixture) => {
    for (const hook of ['pre-commit', 'post-commit', 'post-checkout', 'reference-transaction', 'post-index-change']) {
      fixture.write(`.git/hooks/${hook}`, `#!/bin/sh\ntouch '${join(fixture.root, `ran-${hook}`)}'\n`);
      chmodSync(join(fixture.repo, '.git/hooks', hook), 0o755);
    }
    fixture.gitIn(fixture.repo, 'config', 'commit.gpgSign', 'true');
    fixture.gitIn(fixture.repo, 'config', 'gpg.program', '/bin/false');
    const pool = await fixture.open();
    await attempt(pool, request, ({ path }) => fixture.write('work.txt', 'x', path));
    assert.equal(fixture.show(REF, 'work.txt'), 'x');
    assert.deepEqual(readdirSync(fixture.root).filter((name) => name.startsWith('ran-')), []);
  }));

  it('comes back on a branch, and into a folder', withGit(async (fixture) => {
    const pool = await fixture.open();
    await attempt(pool, request, ({ path }) => fixture.write('src/main.txt', 'two\n', path));
    const store = new SalvageStore(new Git(userEnvironment(fixture.root), { name: 'x', email: 'x' }), join(fixture.repo, '.git'));
    const [work] = valueOf(await store.list());
    assert.ok(work !== undefined);
    assert.deepEqual([work.spec, work.id, work.attempt, work.ref, work.slot, work.branch], ['app', 'one', 1, REF, 'slot-1', 'task/app/one/1']);
    assert.deepEqual(valueOf(await store.changes(work)), ['src/main.txt']);
    valueOf(await store.toBranch(work, 'back', false));
    assert.equal(fixture.show('back', 'src/main.txt'), 'two');
    const taken = await store.toBranch(work, 'main', true);
    assert.ok(!taken.ok, 'a branch that is checked out is moved by nobody');
    const folder = join(fixture.root, 'files');
    valueOf(await store.toFolder(work, folder, false));
    assert.equal(fixture.read('files/src/main.txt'), 'two\n');
    fixture.write('files/src/main.txt', 'precious', fixture.root);
    const refused = await store.toFolder(work, folder, false);
    assert.equal(refused.ok ? 'written' : refused.error.kind, 'invalid');
    assert.equal(fixture.read('files/src/main.txt'), 'precious');
    valueOf(await store.toFolder(work, folder, true));
    assert.equal(fixture.read('files/src/main.txt'), 'two\n');
  }));

  it('of nobody’s work is kept under the name of the slot', withGit(async (fixture) => {
    fixture.write('state/slots/slot-1/precious.txt', 'x', fixture.root);
    await lend(await fixture.open(), { ...request, runnerId: runnerId('first') });
    assert.deepEqual(fixture.refs('refs/salvage'), ['refs/salvage/unknown/slot-1/0']);
    assert.equal(fixture.show('refs/salvage/unknown/slot-1/0', 'precious.txt'), 'x');
  }));
});
