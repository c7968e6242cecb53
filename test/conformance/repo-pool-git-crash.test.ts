import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Slot, SlotRequest } from '../../src/ports/repo-pool.ts';
import { ask, eventually, valueOf } from './launcher/fixture.ts';
import { GitFixture, giveBack, lend, REGISTRY, requestFor, type GitPoolType } from './repo-pool/git-fixture.ts';

const child = join(import.meta.dirname, 'repo-pool', 'keeping-child.ts');

/** The same numbers in [0, 1) at every run (Park and Miller, "minimal standard"). */
const seeded = (seed: number) => {
  let state = seed;
  return (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
};

/** Lives until it has said so many lines, and then a random while more. Returns what it said. */
const liveAndDie = async (fixture: GitFixture, life: number, draw: () => number): Promise<readonly string[]> => {
  const { root, repo, baseDir, type } = fixture;
  const dispatcher = spawn(process.execPath, [child, root, repo, baseDir, type, REGISTRY, String(life)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  dispatcher.stdout.setEncoding('utf8').on('data', (text: string) => void (said += text));
  const ended = once(dispatcher, 'close');
  const wanted = Math.floor(draw() * 8);
  const lines = (): readonly string[] => said.split('\n').slice(0, -1);
  await eventually(`life ${life} does some work`, () => lines().length >= wanted || dispatcher.exitCode !== null);
  // Anywhere between two steps of git, not only where a line is printed.
  const turns = Math.floor(draw() * 400);
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
  assert.equal(dispatcher.exitCode, null, 'it ended by itself');
  dispatcher.kill('SIGKILL');
  await ended;
  return lines();
};

/** Everything that was ever committed or salvaged, by the text that names it. */
const kept = (fixture: GitFixture): ReadonlySet<string> => {
  const refs = [...fixture.refs('refs/heads/task'), ...fixture.refs('refs/heads/task-*'), ...fixture.refs('refs/salvage')];
  const names = refs.flatMap((ref) => fixture.git('ls-tree', '-r', '--name-only', ref).split('\n'));
  return new Set(names.filter((name) => name.endsWith('.txt')).map((name) => name.slice(0, -'.txt'.length)));
};

const survives = (type: GitPoolType, kills: number) => async (): Promise<void> => {
  const fixture = await GitFixture.create(type);
  try {
    const draw = seeded(20_261_122);
    const before = [fixture.git('status', '--porcelain'), fixture.git('rev-parse', 'HEAD')];
    const done: string[] = [];
    for (let life = 0; life < kills; life += 1) done.push(...(await liveAndDie(fixture, life, draw)));

    const pool = await fixture.open({ slots: 4 });
    // A git that the killed one had started may be at its end still: its slot is not touched before.
    await eventually('everything that was done is on a branch or saved', async () => {
      valueOf(await ask<null>((reply) => pool.tidy(reply)));
      const found = kept(fixture);
      return done.every((text) => found.has(text));
    });
    const requests = [0, 1, 2, 3].map((lane) => requestFor('after', String(lane)));
    const lent: { readonly slot: Slot; readonly request: SlotRequest }[] = [];
    for (const request of requests) {
      await eventually(`${request.runnerId} gets a slot`, async () => {
        const slot = await lend(pool, request).catch(() => null);
        if (slot !== null) lent.push({ slot, request });
        return slot !== null;
      });
    }
    for (const { slot, request } of lent) {
      assert.equal(fixture.gitIn(slot.path, 'status', '--porcelain', '--ignored'), '');
      assert.equal(fixture.gitIn(slot.path, 'rev-parse', '--abbrev-ref', 'HEAD'), slot.branch);
      fixture.write('mine.txt', request.runnerId, slot.path);
      fixture.commit('mine', slot.path);
      await giveBack(pool, slot, request);
    }
    assert.ok(done.length > kills / 2, `only ${done.length} pieces of work were done`);
    assert.equal(fixture.refs('refs/heads/task/after').length, 4);
    assert.deepEqual([fixture.git('status', '--porcelain'), fixture.git('rev-parse', 'HEAD')], before);
    if (type === 'git-worktree') assert.equal(fixture.git('worktree', 'list').split('\n').length, 5);
    fixture.assertSound();
  } finally {
    await fixture.end();
  }
};

describe('git slots after kill -9 of their dispatcher', () => {
  it('thirty times at random: the next one repairs every worktree, and no work is lost', survives('git-worktree', 30));
  it('eight times: clones are made anew, and no work is lost', survives('git-clone', 8));
});
