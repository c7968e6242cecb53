import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import type { RepoPool, Slot } from '../../src/ports/repo-pool.ts';
import { ask, eventually, valueOf } from './launcher/fixture.ts';
import { attempt, lend, requestFor, withGit, type GitPoolType } from './repo-pool/git-fixture.ts';

const tidy = async (pool: RepoPool): Promise<void> => {
  valueOf(await ask<null>((reply) => pool.tidy(reply)));
};

const REF = 'refs/salvage/app/one/1';

const suite = (type: GitPoolType): void => {
  describe(`${type}: a slot whose attempt was settled, and that was not given back before the crash`, () => {
    it('is saved and clean once the next dispatcher has recovered, before anybody asks for a slot', withGit(async (fixture) => {
      const slot = await lend(await fixture.open(), requestFor('app', 'one'));
      fixture.write('src/main.txt', 'two\n', slot.path);
      fixture.write('new.txt', 'new', slot.path);
      await tidy(await fixture.open());
      assert.equal(fixture.show(REF, 'new.txt'), 'new');
      assert.equal(fixture.show(REF, 'src/main.txt'), 'two');
      if (type === 'git-worktree') assert.equal(fixture.gitIn(slot.path, 'status', '--porcelain', '--ignored'), '');
    }, type));

    it('is left alone while a runner found alive holds it', withGit(async (fixture) => {
      const request = requestFor('app', 'one');
      const slot = await lend(await fixture.open(), request);
      fixture.write('new.txt', 'new', slot.path);
      const next = await fixture.open();
      valueOf(await ask<Slot>((reply) => next.reclaim(slot.id, request.runnerId, reply)));
      await tidy(next);
      assert.deepEqual(fixture.refs('refs/salvage'), []);
      assert.ok(fixture.has('state', 'slots', slot.id, 'new.txt'));
    }, type));

    it('is left alone, and told of, while a process is in it', withGit(async (fixture) => {
      const slot = await lend(await fixture.open(), requestFor('app', 'one'));
      fixture.write('new.txt', 'new', slot.path);
      const stray = spawn('sleep', ['1000'], { cwd: slot.path, stdio: 'ignore' });
      try {
        await once(stray, 'spawn');
        const next = await fixture.open();
        await eventually('the stray is seen', async () => {
          await tidy(next);
          return fixture.told.some((line) => line.includes(`process ${stray.pid} (sleep) is in`));
        });
        assert.ok(fixture.has('state', 'slots', slot.id, 'new.txt'));
      } finally {
        stray.kill('SIGKILL');
      }
    }, type));
  });
};

suite('git-worktree');
suite('git-clone');

describe('a slot that was given back', () => {
  it('is not looked at again by the next start, whatever a person has put there since', withGit(async (fixture) => {
    const slot = await attempt(await fixture.open(), requestFor('app', 'one'), () => undefined);
    fixture.write('a-persons.txt', 'mine', slot.path);
    await tidy(await fixture.open());
    assert.ok(fixture.has('state', 'slots', slot.id, 'a-persons.txt'));
    assert.deepEqual(fixture.refs('refs/salvage'), []);
  }));
});
