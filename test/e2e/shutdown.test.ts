import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isAlive } from './leftovers.ts';
import { inProject, repositoryRoot, type Project } from './project.ts';
import { until } from './until.ts';

/** Goes on until a file is there, and ends at once when it is asked to. */
const gated = (project: Project): readonly string[] => ['sh', '-c', 'until [ -e "$1" ]; do sleep 0.05; done', 'sh', project.path('gate')];

/** Takes no notice of TERM, nor does its child in a session of its own; both say who they are, and end by the gate. */
const stubborn = (project: Project): readonly string[] => {
  const wait = 'trap "" TERM; echo $$ >> "$2/pids"; until [ -e "$1" ]; do sleep 0.05; done';
  return ['sh', '-c', `setsid sh -c '${wait}' sh "$1" "$2" & ${wait}; wait`, 'sh', project.path('gate'), project.root];
};

const pids = (project: Project): readonly number[] =>
  project.has('pids') ? project.read('pids').split('\n').slice(0, -1).map(Number) : [];

const settings = (shutdown: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}) => ({
  dispatcher: { max_global_concurrency: 2, graceful_shutdown: shutdown, ...more },
});

describe('SIGTERM with runners alive', { concurrency: 4 }, () => {
  test('starts nothing new, waits for what runs, exit 0; the next run does the rest', inProject(settings({ timeout: '1h' }), async (project) => {
    const command = gated(project);
    const file = await project.plan('p', [{ id: 'a', command }, { id: 'b', command }, { id: 'c', command: ['true'] }]);
    const run = project.begin('run', file);
    await run.until('two run', async () => (await project.watch().count('RunnerStarted')) === 2);
    run.signal('SIGTERM');
    await run.prints(/stopping: nothing new starts; waiting up to 1h for 2 running/);
    await project.write('gate', '');
    const ended = await run.end();
    assert.equal(ended.code, 0, run.said);
    assert.deepEqual(await project.states(), { 'p/a': 'done', 'p/b': 'done', 'p/c': 'ready' });
    const types = (await project.events()).map(({ type }) => type);
    assert.ok(types.indexOf('DispatcherStopping') < types.indexOf('RunnerCompleted'));
    assert.equal(types.at(-1), 'DispatcherStopped');
    await project.expect(0, 'run', file);
    assert.deepEqual(await project.states(), { 'p/a': 'done', 'p/b': 'done', 'p/c': 'done' });
    assert.deepEqual((await project.tasks()).map(({ attempts }) => attempts), [1, 1, 1]);
  }));

  test('past the time-out stops them with their children; the attempt is not counted', inProject(
    settings({ timeout: '100ms' }, { retry: { max_attempts: 1 } }),
    async (project) => {
      const file = await project.plan('p', [{ id: 'a', command: stubborn(project) }, { id: 'b', dependencies: ['a'], command: ['true'] }]);
      const run = project.begin('run', file);
      await run.until('both are there', () => pids(project).length === 2);
      run.signal('SIGTERM');
      const ended = await run.end();
      assert.equal(ended.code, 0, run.said);
      assert.deepEqual(pids(project).filter(isAlive), []);
      await project.assertNothingLeft();
      const shown = await project.show('p/a');
      assert.equal(shown.state, 'ready');
      assert.deepEqual(shown.attempt_history.map(({ outcome, counted }) => ({ outcome, counted })), [{ outcome: 'cancelled', counted: false }]);
      assert.equal((await project.events()).filter(({ type }) => type === 'RunnerCancelled').length, 1);
      await project.write('gate', '');
      await project.expect(0, 'run', file);
      assert.deepEqual(await project.states(), { 'p/a': 'done', 'p/b': 'done' });
    },
  ));

  test('a second signal ends the wait, a third the grace', inProject(settings({ timeout: '1h' }, { stop_grace: '1h' }), async (project) => {
    const file = await project.plan('p', [{ id: 'polite', command: gated(project) }, { id: 'stubborn', command: stubborn(project) }]);
    const run = project.begin('run', file);
    await run.until('both run', async () => pids(project).length === 2 && (await project.watch().count('RunnerStarted')) === 2);
    run.signal('SIGTERM');
    await run.prints('waiting up to 1h for 2 running');
    run.signal('SIGINT');
    await run.prints('stopping 2 running: terminate, kill after 1h');
    await run.until('the polite one has ended', () => project.watch().has('RunnerCancelled', 'polite'));
    assert.equal(await project.watch().has('RunnerCancelled', 'stubborn'), false);
    run.signal('SIGTERM');
    assert.equal((await run.end()).code, 0, run.said);
    assert.deepEqual(pids(project).filter(isAlive), []);
    assert.deepEqual(await project.states(), { 'p/polite': 'ready', 'p/stubborn': 'ready' });
    await project.expect(0, 'submit', await project.plan('q', [{ id: 'x', command: ['true'] }]));
  }));

  test('with on_shutdown: leave they go on, and the next run adopts them', inProject(settings({ on_shutdown: 'leave' }), async (project) => {
    const file = await project.plan('p', [{ id: 'a', command: gated(project) }]);
    const run = project.begin('run', file);
    await run.until('it runs', () => project.watch().has('RunnerStarted'));
    run.signal('SIGTERM');
    assert.equal((await run.end()).code, 0, run.said);
    const started = (await project.events()).find(({ type }) => type === 'RunnerStarted');
    assert.ok(isAlive(Number(started?.details['pid'])));
    assert.deepEqual(await project.states(), { 'p/a': 'running' });
    const next = project.begin('run', file);
    await next.prints(/^adopted +p\/a$/m);
    await project.write('gate', '');
    assert.equal((await next.end()).code, 0, next.said);
    const [task] = await project.tasks();
    assert.deepEqual([task?.state, task?.attempts], ['done', 1]);
  }));

  test('to `npm run dispatcher` and all its group counts once', inProject(settings({ timeout: '1h' }, { stop_grace: '1h' }), async (project) => {
    await project.expect(0, 'submit', await project.plan('p', [{ id: 'a', command: gated(project) }]));
    const npm = project.spawn('npm', ['--prefix', repositoryRoot, 'run', 'dispatcher', '--', 'start'], { ownGroup: true });
    await npm.until('it runs', () => project.watch().has('RunnerStarted'));
    npm.signalGroup('SIGTERM');
    await npm.prints('waiting up to 1h for 1 running');
    await project.write('gate', '');
    const ended = await npm.end();
    assert.equal(ended.code, 0, npm.said);
    assert.deepEqual(ended.stdout.match(/^stopping.*/gm)?.length, 1, ended.stdout);
    assert.deepEqual(await project.states(), { 'p/a': 'done' });
    await until('no process of the group is left', () => {
      try {
        process.kill(-npm.pid, 0);
        return false;
      } catch {
        return true;
      }
    });
  }));
});

describe('SIGTERM with nothing to do', { concurrency: 4 }, () => {
  test('ends an idle start at once, exit 0', inProject({}, async (project) => {
    const start = project.begin('start');
    await project.endpoint(start);
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0, start.said);
    assert.equal(project.has('.dispatcher', 'endpoint.json'), false);
  }));
});
