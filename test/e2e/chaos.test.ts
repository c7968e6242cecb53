import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { forkServersOf, runnersOf } from './leftovers.ts';
import { inProject, type Project, type WrittenTask } from './project.ts';
import { until } from './until.ts';

const TASKS = 200;
const KILLS_OF_THE_DISPATCHER = 20;

/** Each works for 50 to 500 ms and appends one line, with its attempt, to a file of its own. */
const tasks = (project: Project): readonly WrittenTask[] => {
  mkdirSync(project.path('out'));
  return Array.from({ length: TASKS }, (_, i) => {
    const seconds = (0.05 + ((i * 37) % 46) / 100).toFixed(2);
    return { id: `t${i}`, command: ['sh', '-c', 'sleep "$1"; echo "$ATTEMPT" >> "$2"', 'sh', seconds, project.path('out', `t${i}`)] };
  });
};

const linesOf = (project: Project): ReadonlyMap<string, readonly string[]> =>
  new Map(
    readdirSync(project.path('out')).map((name) => [name, readFileSync(project.path('out', name), 'utf8').split('\n').slice(0, -1)]),
  );

/** All is done, the registry says so, its events have no gap, and no attempt came twice. */
const assertAllDone = async (project: Project): Promise<void> => {
  const rows = await project.tasks();
  assert.deepEqual(rows.filter(({ state }) => state !== 'done'), []);
  assert.equal(rows.length, TASKS);
  const files = linesOf(project);
  assert.equal(files.size, TASKS);
  for (const [name, lines] of files) assert.equal(new Set(lines).size, lines.length, `an attempt at ${name} ran twice: ${lines.join(' ')}`);
  // `events` insists on numbers without a gap.
  const events = await project.events();
  const assigned = events.filter(({ type }) => type === 'TaskAssigned').map(({ task_id: id, attempt }) => `${id}#${attempt}`);
  assert.equal(new Set(assigned).size, assigned.length, 'an attempt was assigned twice');
  const ends = new Set(['RunnerCompleted', 'RunnerFailed', 'RunnerLost', 'RunnerTimedOut', 'RunnerCancelled']);
  assert.equal(events.filter(({ type }) => ends.has(type)).length, assigned.length, 'each attempt has one end');
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
};

describe('chaos', { concurrency: 2 }, () => {
  test(`the dispatcher is killed ${KILLS_OF_THE_DISPATCHER} times: everything ran exactly once`, inProject({}, async (project) => {
    const file = await project.plan('p', tasks(project), { defaults: { retry: { max_attempts: 1 } } });
    const written = (): number => linesOf(project).size;
    for (let i = 0; i < KILLS_OF_THE_DISPATCHER; i += 1) {
      const run = project.begin('run', file);
      const before = written();
      await run.until('it gets on', () => written() >= Math.min(before + 1 + (i % 5), TASKS));
      run.signal('SIGKILL');
      await run.ended;
    }
    await project.expect(0, 'run', file);
    for (const [name, lines] of linesOf(project)) assert.deepEqual(lines, ['1'], name);
    await assertAllDone(project);
  }));

  test('runners and fork-servers are killed: everything ran, and nothing is lost', inProject({}, async (project) => {
    const file = await project.plan('p', tasks(project), { defaults: { retry: { max_attempts: 50 } } });
    const run = project.begin('run', file);
    await run.until('runners run', async () => (await project.watch().count('RunnerStarted')) > 0);
    const id = (await project.watch().registryId()) ?? assert.fail('no registry');
    for (let i = 0; i < 30; i += 1) {
      await run.until('somebody runs', () => runnersOf(id).length > 0);
      for (const pid of i % 10 === 9 ? forkServersOf(id) : runnersOf(id).slice(0, 1)) kill(pid);
      const { size } = linesOf(project);
      if (size >= TASKS) break;
      await until('work goes on', () => linesOf(project).size > size || size >= TASKS - 10);
    }
    assert.equal((await run.end()).code, 0, run.said);
    await assertAllDone(project);
    const events = await project.events();
    assert.ok(events.some(({ type }) => type === 'TaskRetryScheduled'), 'somebody was hit');
  }));
});
