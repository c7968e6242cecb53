import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inProject, type Project } from './project.ts';

/** Its id on a line of the file `log`, and whatever the test wants to vary. */
const task = (project: Project, id: string, mark = '', more: Readonly<Record<string, unknown>> = {}) => ({
  id,
  command: ['sh', '-c', 'echo "$2" >> "$1"', 'sh', project.path('log'), `${id}${mark}`],
  ...more,
});

const log = (project: Project): readonly string[] =>
  project.has('log') ? project.read('log').split('\n').slice(0, -1).toSorted() : [];

describe('the same name again', { concurrency: 4 }, () => {
  test('with the same content does nothing, or goes on where it was', inProject({}, async (project) => {
    const file = await project.plan('p', [task(project, 'a'), task(project, 'b')]);
    assert.match((await project.expect(0, 'run', file)).stdout, /^submitted p: 2 new$/m);
    assert.match((await project.expect(0, 'run', file)).stdout, /^submitted p: 2 unchanged$/m);
    assert.deepEqual(log(project), ['a', 'b']);
  }));

  test('adds what is new, replaces what waits, cancels what was taken out, and brings it back', inProject({}, async (project) => {
    await project.expect(0, 'submit', await project.plan('p', [task(project, 'a'), task(project, 'b'), task(project, 'c')]));
    const changed = [task(project, 'a'), task(project, 'b', ' anew'), task(project, 'd')];
    const told = await project.expect(0, 'submit', await project.plan('p', changed));
    assert.match(told.stdout, /^submitted p: 1 new, 1 replaced, 1 unchanged, 1 cancelled/m);
    const { reason } = await project.show('p/c');
    assert.equal(reason, 'removed from the task set');
    await project.expect(0, 'run', 'p.json');
    assert.deepEqual(log(project), ['a', 'b anew', 'd']);
    assert.deepEqual(await project.states(), { 'p/a': 'done', 'p/b': 'done', 'p/c': 'cancelled', 'p/d': 'done' });
    await project.expect(0, 'run', await project.plan('p', [...changed, task(project, 'c')]));
    assert.deepEqual(log(project), ['a', 'b anew', 'c', 'd']);
  }));

  test('with done tasks changed is refused, or does as it is told', inProject({}, async (project) => {
    await project.expect(0, 'run', await project.plan('p', [task(project, 'a'), task(project, 'b')]));
    await project.plan('p', [task(project, 'a', ' anew'), task(project, 'b'), task(project, 'c')]);
    for (const command of ['run', 'submit']) {
      const refused = await project.expect(2, command, 'p.json');
      assert.match(refused.stderr, /^error: p: 1 task.* changed.*p\/a.*--redo-changed.*--keep.*\n$/);
    }
    assert.deepEqual(await project.states(), { 'p/a': 'done', 'p/b': 'done' });
    assert.match((await project.expect(0, 'run', 'p.json', '--keep')).stdout, /1 changed but kept as done/);
    assert.deepEqual(log(project), ['a', 'b', 'c']);
    await project.expect(0, 'run', 'p.json', '--redo-changed');
    assert.deepEqual(log(project), ['a', 'a anew', 'b', 'c']);
    const { attempt_history: attempts } = await project.show('p/a');
    assert.deepEqual(attempts.map(({ attempt }) => attempt), [1, 2]);
  }));

  test('--fresh opens a run of its own', inProject({}, async (project) => {
    const file = await project.plan('p', [task(project, 'a'), task(project, 'b', '', { dependencies: ['a'] })]);
    await project.expect(0, 'run', file);
    assert.match((await project.expect(0, 'run', file, '--fresh')).stdout, /^submitted p@2: 2 new$/m);
    assert.deepEqual(log(project), ['a', 'a', 'b', 'b']);
    assert.deepEqual(await project.states(), { 'p/a': 'done', 'p/b': 'done', 'p@2/a': 'done', 'p@2/b': 'done' });
    const { dependencies } = await project.show('p@2/b');
    assert.deepEqual(dependencies, [{ task: 'p@2/a', state: 'done' }]);
    assert.match((await project.expect(0, 'submit', file, '--fresh')).stdout, /^submitted p@3: 2 new$/m);
  }));

  test('a failed task is tried again once it is changed', inProject({}, async (project) => {
    await project.expect(1, 'run', await project.plan('p', [{ id: 'a', command: ['false'] }, task(project, 'b', '', { dependencies: ['a'] })]));
    await project.expect(0, 'run', await project.plan('p', [task(project, 'a'), task(project, 'b', '', { dependencies: ['a'] })]));
    assert.deepEqual(log(project), ['a', 'b']);
  }));

  test('what runs is not touched', inProject({}, async (project) => {
    const start = project.begin('start');
    await project.endpoint(start);
    const gated = { id: 'a', command: ['sh', '-c', 'until [ -e "$1" ]; do sleep 0.05; done', 'sh', project.path('gate')] };
    await project.expect(0, 'submit', await project.plan('p', [gated]));
    await start.until('it runs', () => project.watch().has('RunnerStarted'));
    const told = await project.expect(0, 'submit', await project.plan('p', [task(project, 'a')]));
    assert.match(told.stdout, /^submitted p: 1 running, not touched$/m);
    await project.write('gate', '');
    await start.until('it is done', () => project.watch().has('TaskCompleted'));
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0);
    assert.deepEqual(log(project), []);
  }));
});
