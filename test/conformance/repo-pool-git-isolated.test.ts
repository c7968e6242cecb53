import assert from 'node:assert/strict';
import { appendFileSync, existsSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { SlotRequest } from '../../src/ports/repo-pool.ts';
import { attempt, giveBack, lend, requestFor, withGit } from './repo-pool/git-fixture.ts';

const isolated = (id: string): SlotRequest => ({ ...requestFor('app', id), isolated: true });

const isWorktree = (path: string): boolean => lstatSync(join(path, '.git')).isFile();

describe('slots of worktrees for runners in containers', () => {
  it('are private clones, whose branch comes back', withGit(async (fixture) => {
    const pool = await fixture.open({ isolates: true });
    const slot = await attempt(pool, isolated('one'), ({ path }) => {
      assert.ok(!isWorktree(path) && !existsSync(join(path, '.git/objects/info/alternates')));
      fixture.write('result.txt', 'done', path);
      fixture.commit('done', path);
      fixture.write('work.txt', 'not committed', path);
    });
    assert.equal(slot.branch, 'task/app/one/1');
    assert.equal(fixture.show('task/app/one/1', 'result.txt'), 'done');
    assert.equal(fixture.show('refs/salvage/app/one/1', 'work.txt'), 'not committed');
  }));

  it('change from one kind to the other and back, and lose nothing', withGit(async (fixture) => {
    const pool = await fixture.open({ isolates: true, slots: 1 });
    for (const [id, inContainer] of [['a', false], ['b', true], ['c', false], ['d', true], ['e', true], ['f', false]] as const) {
      await attempt(pool, { ...requestFor('app', id), isolated: inContainer }, ({ path }) => {
        assert.equal(isWorktree(path), !inContainer, id);
        fixture.write('result.txt', id, path);
        fixture.commit(id, path);
      });
      assert.equal(fixture.show(`task/app/${id}/1`, 'result.txt'), id);
    }
    assert.equal(fixture.git('worktree', 'list').split('\n').length, 2);
  }));

  it('are known for what they are by the next dispatcher', withGit(async (fixture) => {
    const request = isolated('one');
    const slot = await lend(await fixture.open({ isolates: true }), request);
    fixture.write('work.txt', 'left', slot.path);
    const next = await fixture.open();
    await lend(next, { ...requestFor('app', 'two') });
    const again = await fixture.open({ isolates: true, slots: 1 });
    await giveBack(again, await lend(again, requestFor('app', 'three')), requestFor('app', 'three'));
    assert.equal(fixture.show('refs/salvage/app/one/1', 'work.txt'), 'left');
  }));

  for (const [what, plant] of [
    ['an object store that is a link', (git: string, other: string) => {
      rmSync(join(git, 'objects'), { recursive: true });
      symlinkSync(join(other, '.git/objects'), join(git, 'objects'));
    }],
    ['alternates', (git: string, other: string) => {
      mkdirSync(join(git, 'objects/info'), { recursive: true });
      writeFileSync(join(git, 'objects/info/alternates'), `${join(other, '.git/objects')}\n`);
    }],
    ['a common directory elsewhere', (git: string, other: string) => writeFileSync(join(git, 'commondir'), `${join(other, '.git')}\n`)],
    ['a branch that is a link', (git: string, other: string) => {
      rmSync(join(git, 'refs/heads/task/app/one/1'), { force: true });
      symlinkSync(join(other, '.git/refs/heads/main'), join(git, 'refs/heads/task/app/one/1'));
    }],
  ] as const) {
    it(`do not lead the host to another repository by ${what}`, withGit(async (fixture) => {
      const other = join(fixture.root, 'other');
      fixture.gitIn(fixture.root, 'init', '-q', '-b', 'main', other);
      fixture.write('secret.txt', 'secret', other);
      fixture.commit('secret', other);
      const secret = fixture.gitIn(other, 'rev-parse', 'HEAD');
      await attempt(await fixture.open({ isolates: true }), isolated('one'), ({ path }) => {
        const git = join(path, '.git');
        writeFileSync(join(git, 'refs/heads/task/app/one/1'), `${secret}\n`);
        plant(git, other);
        fixture.write('work.txt', 'x', path);
      });
      assert.equal(fixture.git('log', '--all', '--format=%s').includes('secret'), false);
      assert.equal(fixture.show('refs/salvage/app/one/1', 'work.txt'), 'x');
    }));
  }

  it('are fetched from without running what their configuration names', withGit(async (fixture) => {
    const ran = join(fixture.root, 'ran');
    const program = join(fixture.root, 'program');
    writeFileSync(program, `#!/bin/sh\ntouch '${ran}'\n`, { mode: 0o755 });
    await attempt(await fixture.open({ isolates: true }), isolated('one'), ({ path }) => {
      fixture.write('result.txt', 'done', path);
      fixture.commit('done', path);
      const missing = fixture.gitIn(path, 'rev-parse', 'HEAD:result.txt');
      const included = join(path, '.git/included');
      writeFileSync(included, `[core]\n\tsshCommand = ${program}\n\tgitProxy = ${program}\n\talternateRefsCommand = ${program}\n\tfsmonitor = ${program}\n`);
      appendFileSync(
        join(path, '.git/config'),
        `[include]\n\tpath = ${included}\n[uploadpack]\n\tpackObjectsHook = ${program}\n[extensions]\n\tpartialClone = evil\n` +
          `[remote "evil"]\n\turl = ext::${program}\n\tpromisor = true\n\tuploadpack = ${program}\n[protocol "ext"]\n\tallow = always\n[credential]\n\thelper = ${program}\n`,
      );
      // Fetched from, it would have to get this from its promisor.
      const object = join(path, '.git/objects', missing.slice(0, 2), missing.slice(2));
      renameSync(object, join(path, 'hidden'));
    });
    assert.ok(!existsSync(ran));
  }));
});
