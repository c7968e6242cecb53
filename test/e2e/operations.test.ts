import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inProject, type Project } from './project.ts';

interface Operated {
  readonly state: string;
  readonly priority: number;
  readonly changed: boolean;
  readonly stopping: boolean;
}

interface Why {
  readonly code: string;
  readonly text: string;
  readonly shortages: readonly Readonly<Record<string, unknown>>[];
  readonly dependencies: readonly { readonly task: string; readonly never: unknown }[];
}

/** Runs until the gate is there. */
const gated = (project: Project, gate: string): readonly string[] => ['sh', '-c', 'until [ -e "$1" ]; do sleep 0.05; done', 'sh', project.path(gate)];

const operate = async (project: Project, ...args: readonly string[]): Promise<Operated> =>
  JSON.parse((await project.expect(0, 'task', ...args, '--json')).stdout) as Operated;

const whyOf = async (project: Project, name: string): Promise<Why> =>
  JSON.parse((await project.expect(0, 'why', name, '--json')).stdout) as Why;

/** One line on stderr, nothing on stdout. */
const refused = async (project: Project, code: number, ...args: readonly string[]): Promise<string> => {
  const ended = await project.expect(code, ...args);
  assert.match(ended.stderr, /^error: [^\n]*\n$/, ended.stderr);
  assert.equal(ended.stdout, '');
  return ended.stderr;
};

const actorsOf = async (project: Project, type: string): Promise<readonly string[]> =>
  (await project.events()).filter((event) => event.type === type).map(({ actor }) => actor);

describe('a person operates on tasks', { concurrency: 4 }, () => {
  test('in the registry, while no dispatcher runs', inProject({}, async (project) => {
    assert.match(await refused(project, 1, 'task', 'skip', 'p/a'), /there is no registry at .*: no dispatcher has used it yet/);
    await project.expect(0, 'submit', await project.plan('p', [
      { id: 'build', command: ['true'] },
      { id: 'test', command: ['true'], dependencies: ['build'] },
      { id: 'ship/now', command: ['true'], dependencies: ['test'] },
    ]));
    assert.deepEqual((await operate(project, 'priority', 'p/build', '-7')).priority, -7);
    assert.match((await project.expect(0, 'task', 'priority', 'p/build', '-7')).stdout, /^p\/build has priority -7 already\n$/);
    assert.equal((await operate(project, 'cancel', 'p/build', '--reason', 'not now')).state, 'cancelled');
    assert.match((await project.expect(0, 'why', 'p/test')).stdout, /^p\/test blocked \(dependencies_never\): blocked by p\/build, which was cancelled; retry it or skip it\n$/);
    assert.equal((await operate(project, 'retry', 'p/build')).state, 'ready');
    assert.equal((await whyOf(project, 'p/build')).code, 'no_dispatcher');
    assert.equal((await operate(project, 'drop-dependency', 'p/ship/now', 'test')).state, 'ready');
    assert.equal((await operate(project, 'skip', 'p/build')).state, 'skipped');
    assert.equal((await project.states())['p/test'], 'ready');
    assert.match(await refused(project, 1, 'task', 'skip', 'p/biuld'), /there is no task "p\/biuld"; did you mean "p\/build"\?/);
    assert.match(await refused(project, 1, 'why', 'q/zzz'), /there is no task "q\/zzz"; `dispatcher tasks` lists those there are/);
    assert.match(await refused(project, 1, 'task', 'drop-dependency', 'p/test', 'ship'), /p\/test does not depend on p\/ship; it depends on p\/build/);
    assert.match(await refused(project, 2, 'task', 'retry', 'p'), /"p" is not a task; write SPEC\/ID/);
    for (const wrong of ['1.5', 'high', '']) {
      assert.match((await project.expect(2, 'task', 'priority', 'p/build', wrong)).stderr, /expected a whole number; a higher one runs first/);
    }
    await project.expect(0, 'start', '--until-idle');
    assert.deepEqual(await project.states(), { 'p/build': 'skipped', 'p/test': 'done', 'p/ship/now': 'done' });
    for (const type of ['PriorityChanged', 'TaskCancelled', 'TaskRetryRequested', 'TaskSkipped', 'DependencyDropped']) {
      for (const actor of await actorsOf(project, type)) assert.match(actor, /^cli:./, type);
    }
    assert.deepEqual((await actorsOf(project, 'PriorityChanged')).length, 1);
    assert.match(await refused(project, 1, 'task', 'cancel', 'p/test'), /p\/test is done: there is nothing left to cancel/);
  }));

  test('through the dispatcher that is alive: at once, what runs is stopped and dead', inProject({ rest: { agent_pools: { local: { type: 'local-process', max_concurrency: 1 } } } }, async (project) => {
    const start = project.begin('start');
    await project.endpoint(start);
    await project.expect(0, 'submit', await project.plan('p', [
      { id: 'long', command: ['sleep', '3600'] },
      { id: 'second', command: ['true'] },
      { id: 'third', command: ['true'] },
      { id: 'after', command: ['true'], dependencies: ['long'] },
    ]));
    await start.until('it runs', () => project.watch().has('RunnerStarted', 'long'));
    const full = await whyOf(project, 'p/second');
    assert.deepEqual([full.code, full.text], ['pool_concurrency', 'pool local runs 1 of 1 (max_concurrency)']);
    assert.deepEqual(full.shortages, [{ code: 'pool_concurrency', pool: 'local', limit: 1, used: 1 }]);
    assert.match((await project.expect(0, 'task', 'show', 'p/second')).stdout, /^why {7}pool_concurrency: pool local runs 1 of 1/m);
    assert.equal((await whyOf(project, 'p/long')).code, 'running');
    await operate(project, 'priority', 'p/third', '9');
    assert.match(await refused(project, 1, 'task', 'skip', 'p/long'), /p\/long is running; cancel it first/);
    const { state, stopping } = await operate(project, 'cancel', 'p/long', '--reason', 'wrong branch');
    assert.deepEqual([state, stopping], ['running', true]);
    await start.until('both others are done', async () => (await project.watch().count('TaskCompleted')) === 2);
    assert.deepEqual(await project.states(), { 'p/long': 'cancelled', 'p/second': 'done', 'p/third': 'done', 'p/after': 'blocked' });
    const events = await project.events();
    assert.deepEqual(events.filter(({ type }) => type === 'TaskCompleted').map(({ task_id: id }) => id), ['third', 'second']);
    const cancelled = events.find(({ type }) => type === 'TaskCancelled');
    assert.match(`${cancelled?.actor} ${String(cancelled?.details['reason'])}`, /^cli:(\S+) cancelled by cli:\1: wrong branch$/);
    assert.equal((await project.show('p/long')).attempt_history[0]?.outcome, 'cancelled');
    assert.match(await refused(project, 1, 'task', 'skip', 'p/lnog'), /did you mean "p\/long"\?/);
    assert.equal((await operate(project, 'skip', 'p/long')).changed, true);
    await start.until('it goes on', () => project.watch().has('TaskCompleted', 'after'));
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0, start.said);
  }));

  test('a wish to cancel outlives the dispatcher: the next one stops what it finds running', inProject({}, async (project) => {
    const start = project.begin('start');
    await project.endpoint(start);
    await project.expect(0, 'submit', await project.plan('p', [{ id: 'long', command: ['sleep', '3600'] }]));
    await start.until('it runs', () => project.watch().has('RunnerStarted', 'long'));
    start.signal('SIGKILL');
    await start.end();
    const told = await project.expect(0, 'task', 'cancel', 'p/long');
    assert.match(told.stdout, /^p\/long is being stopped, .*\nno dispatcher runs; the next one stops it: dispatcher start\n$/);
    const ended = await project.cli('start', '--until-idle');
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    assert.deepEqual(await project.states(), { 'p/long': 'cancelled' });
    assert.deepEqual((await project.show('p/long')).attempts, 1);
  }));
});

describe('pools', { concurrency: 4 }, () => {
  test('take orders of a live dispatcher, and say what came of them', inProject({}, async (project) => {
    assert.match(await refused(project, 1, 'pools', 'disable', 'local'), /no dispatcher runs, and only a live one takes orders/);
    const start = project.begin('start');
    await project.endpoint(start);
    assert.match((await project.expect(0, 'pools', 'disable', 'local')).stdout, /^pool local is disabled; 0 of 8 run\n$/);
    await project.expect(0, 'submit', await project.plan('p', [{ id: 'a', command: gated(project, 'gate') }, { id: 'b', command: ['true'] }]));
    await start.until('it is known that nothing can run', () => project.watch().has('TaskUnplaceable'));
    const shut = await whyOf(project, 'p/a');
    assert.equal(shut.code, 'pools_disabled');
    assert.match(String(shut.shortages[0]?.['reason']), /^by cli:./);
    assert.match((await project.expect(0, 'pools', 'resize', 'local', '1')).stdout, /^pool local is disabled; 0 of 1 run\n$/);
    assert.match((await project.expect(0, 'pools', 'enable', 'local')).stdout, /^pool local is enabled; /);
    await start.until('it runs', () => project.watch().has('RunnerStarted', 'a'));
    assert.match((await project.expect(0, 'pools', 'drain', 'local')).stdout, /^pool local is draining; 1 of 1 run\n$/);
    const [row] = JSON.parse((await project.expect(0, 'pools', '--json')).stdout) as readonly Readonly<Record<string, unknown>>[];
    assert.deepEqual([row?.['name'], row?.['state'], row?.['running'], row?.['max_concurrency']], ['local', 'draining', 1, 1]);
    await project.write('gate', '');
    await start.until('it is drained', async () => (await project.watch().count('PoolDisabled')) === 2);
    await project.expect(0, 'pools', 'enable', 'local');
    await start.until('the rest is done', () => project.watch().has('TaskCompleted', 'b'));
    for (const type of ['PoolDraining', 'PoolEnabled', 'PoolResized']) {
      for (const actor of await actorsOf(project, type)) assert.match(actor, /^cli:./, type);
    }
    assert.match(await refused(project, 1, 'pools', 'drain', 'lokal'), /there is no pool "lokal"; did you mean "local"\?/);
    assert.match(await refused(project, 2, 'pools', 'enabel', 'local'), /pools "enabel": there is no such order; did you mean "enable"\?/);
    for (const limit of ['0', '-1']) assert.match(await refused(project, 1, 'pools', 'resize', 'local', limit), /expected a whole number from 1/);
    for (const args of [['resize', 'local'], ['resize', 'local', 'many'], ['enable'], ['enable', 'local', '3'], ['list', 'local']]) {
      await refused(project, 2, 'pools', ...args);
    }
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0, start.said);
  }));
});

describe('drain', { concurrency: 4 }, () => {
  test('starts nothing more, waits for what runs, and ends with exit 0', inProject({ dispatcher: { graceful_shutdown: { timeout: 0 } } }, async (project) => {
    assert.match((await project.expect(0, 'drain')).stdout, /^no dispatcher runs; nothing to drain\n$/);
    const start = project.begin('start');
    await project.endpoint(start);
    await project.expect(0, 'submit', await project.plan('p', [{ id: 'a', command: gated(project, 'gate') }, { id: 'b', command: ['true'], dependencies: ['a'] }]));
    await start.until('it runs', () => project.watch().has('RunnerStarted', 'a'));
    const drain = project.begin('drain', '--wait');
    await drain.prints('draining: nothing new starts; the dispatcher ends once 1 running have ended');
    await start.prints('draining: ');
    assert.equal((await whyOf(project, 'p/b')).code, 'dependencies');
    await project.write('gate', '');
    assert.equal((await start.end()).code, 0, start.said);
    const ended = await drain.end();
    assert.deepEqual([ended.code, ended.stdout.endsWith('the dispatcher has ended\n')], [0, true], drain.said);
    assert.deepEqual(await project.states(), { 'p/a': 'done', 'p/b': 'ready' });
    const told = (await project.events()).filter(({ type }) => type.startsWith('Dispatcher'));
    assert.deepEqual(told.map(({ type }) => type), ['DispatcherStarted', 'DispatcherDraining', 'DispatcherStopped']);
    assert.match(told[1]?.actor ?? '', /^cli:./);
    await project.expect(0, 'drain', '--wait');
  }));

  test('an idle one ends at once; a run that is drained ends with exit 0, too', inProject({}, async (project) => {
    const start = project.begin('start');
    await project.endpoint(start);
    await project.expect(0, 'drain', '--wait');
    assert.equal((await start.end()).code, 0, start.said);
    const run = project.begin('run', await project.plan('p', [{ id: 'a', command: gated(project, 'gate') }, { id: 'b', command: ['true'], dependencies: ['a'] }]));
    await run.until('it runs', () => project.watch().has('RunnerStarted', 'a'));
    await project.expect(0, 'drain');
    await project.write('gate', '');
    assert.equal((await run.end()).code, 0, run.said);
    assert.equal((await project.states())['p/b'], 'ready');
  }));
});
