import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Command } from './command.ts';
import { inProject, type Project } from './project.ts';

const COUNT = 150;
const KILLS = 10;

/** The same numbers in [0, 1) at every run (Park and Miller, "minimal standard"). */
const seeded = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};

const lines = (project: Project): number => (existsSync(project.path('out')) ? readdirSync(project.path('out')).length : 0);

/** Waits until this life of the dispatcher has begun to start runners, and then for so many more events or lines. */
const untilBusy = async (project: Project, run: Command, before: number, draw: () => number): Promise<void> => {
  const watch = project.watch();
  await run.until('it starts runners', async () => (await watch.count('TaskAssigned')) > before);
  const byEvents = draw() < 0.5;
  let now = byEvents ? await watch.lastSeq(0) : lines(project);
  const target = now + Math.floor(draw() * (byEvents ? 20 : 4));
  await run.until('some more', async () => {
    now = byEvents ? await watch.lastSeq(now) : lines(project);
    return now >= target ? true : null;
  });
};

describe('kill -9 of the dispatcher', { concurrency: 4 }, () => {
  test('ten times while 150 tasks run: each is done, by one line, and nothing is left over', inProject({}, async (project) => {
    const draw = seeded(20_261_122);
    const append = 'sleep 0.1; mkdir -p "$1"; echo "$RUNNER_ID" >> "$1/$TASK_ID"';
    const tasks = Array.from({ length: COUNT }, (_, i) => ({
      id: `t${i}`,
      command: ['sh', '-c', append, 'sh', project.path('out')],
    }));
    const lasting = 'until [ -e "$2" ]; do sleep 0.05; done; echo "$RUNNER_ID" >> "$1/$TASK_ID"';
    const witness = { id: 'witness', priority: 9, command: ['sh', '-c', lasting, 'sh', project.path('out'), project.path('gate')] };
    const file = await project.plan('lines', [witness, ...tasks]);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = await project.watch().count('TaskAssigned');
      const run = project.begin('run', file);
      await untilBusy(project, run, before, draw);
      run.signal('SIGKILL');
      assert.equal((await run.end()).signal, 'SIGKILL');
      assert.ok(lines(project) < COUNT, `all was over before kill ${kill + 1}`);
    }
    const last = project.begin('run', file);
    await last.until('the witness is adopted', () => project.watch().has('RunnerAdopted', 'witness'));
    await project.write('gate', '');
    assert.equal((await last.end()).code, 0, last.said);

    assert.deepEqual(new Set(Object.values(await project.states())), new Set(['done']));
    for (const id of ['witness', ...tasks.map((task) => task.id)]) {
      const written = readFileSync(project.path('out', id), 'utf8').split('\n').slice(0, -1);
      assert.equal(written.length, 1, `${id}: ${written.join(', ')}`);
      assert.match(written[0] ?? '', new RegExp(`-lines-${id}-1$`), `${id} was done by its first attempt`);
    }
    const events = await project.events();
    assert.equal(events.filter(({ type }) => type === 'RunnerCompleted').length, COUNT + 1);
    assert.equal(events.filter(({ type }) => type === 'RunnerLost').length, 0);
  }));
});
