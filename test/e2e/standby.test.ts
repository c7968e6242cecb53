import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Command } from './command.ts';
import { isAlive } from './leftovers.ts';
import { inProject, type Project } from './project.ts';

const TASKS = ['a', 'b', 'c', 'd', 'e', 'f'];
const SETTINGS = { dispatcher: { max_global_concurrency: 3 } };

/** Six tasks, three at a time; each writes a line, and those whose gate is closed wait for it before. */
const submitGated = async (project: Project): Promise<void> => {
  const script = 'until [ -e "$1" ] || [ -e "$1.$TASK_ID" ]; do sleep 0.05; done; echo "$RUNNER_ID" >> "$2.$TASK_ID"';
  const command = ['sh', '-c', script, 'sh', project.path('gate'), project.path('lines')];
  await project.expect(0, 'submit', await project.plan('p', TASKS.map((id) => ({ id, command }))));
};

/** A dispatcher at work on three of them. */
const working = async (project: Project): Promise<Command> => {
  const holder = project.begin('start');
  await project.endpoint(holder);
  await submitGated(project);
  await holder.until('three run', async () => (await project.watch().count('RunnerStarted')) === 3);
  return holder;
};

const standingBy = async (project: Project, holder: Command): Promise<Command> => {
  const standby = project.begin('start', '--standby');
  await standby.prints(new RegExp(`^standing by: registry \\S+ is in use by process ${holder.pid} on \\S+ since \\S+$`, 'm'));
  return standby;
};

const assertDoneOnce = async (project: Project): Promise<void> => {
  for (const id of TASKS) assert.equal(readFileSync(project.path(`lines.${id}`), 'utf8').split('\n').length, 2, `${id} was done once`);
  assert.deepEqual(new Set(Object.values(await project.states())), new Set(['done']));
  const events = await project.events();
  const count = (type: string): number => events.filter((event) => event.type === type).length;
  assert.deepEqual([count('TaskAssigned'), count('RunnerCompleted'), count('RunnerLost')], [6, 6, 0]);
  assert.ok(count('RunnerAdopted') > 0);
};

const stop = async (command: Command): Promise<void> => {
  command.signal('SIGTERM');
  assert.equal((await command.end()).code, 0, command.said);
};

describe('start --standby', { concurrency: 4 }, () => {
  test('takes over when the holder is killed -9; the others go on waiting, for the new one', inProject(SETTINGS, async (project) => {
    const holder = await working(project);
    const standbys = [await standingBy(project, holder), await standingBy(project, holder)];
    holder.signal('SIGKILL');
    const isAtWork = ({ stdout }: Command): boolean => /^dispatcher \d+ works; /m.test(stdout);
    const [first] = standbys;
    assert.ok(first);
    await first.until('one of them works', () => standbys.some(isAtWork));
    const successor = standbys.find(isAtWork);
    const other = standbys.find((each) => each !== successor);
    assert.ok(successor !== undefined && other !== undefined);
    await other.prints(`in use by process ${successor.pid} on `);
    assert.ok(!isAtWork(other));
    await successor.prints(/^adopted +p\/\w$/m);
    await project.write('gate', '');
    await successor.until('all is done', async () => (await project.watch().count('TaskCompleted')) === TASKS.length);
    await assertDoneOnce(project);
    await stop(other);
    await stop(successor);
  }));

  test('kills a holder that hangs, takes over, and nothing is done twice', inProject(SETTINGS, async (project) => {
    const holder = await working(project);
    const standby = await standingBy(project, holder);
    holder.signal('SIGSTOP');
    // One ends while nobody listens.
    await project.write('gate.a', '');
    await standby.prints(new RegExp(`^process ${holder.pid} on \\S+ since \\S+ has shown no life for 12s and was killed$`, 'm'));
    assert.equal((await holder.end()).signal, 'SIGKILL');
    assert.equal(isAlive(holder.pid), false);
    await standby.prints(/^dispatcher \d+ works; /m);
    await standby.prints(/^adopted +p\/\w$/m);
    await project.write('gate', '');
    await standby.until('all is done', async () => (await project.watch().count('TaskCompleted')) === TASKS.length);
    await assertDoneOnce(project);
    await stop(standby);
  }));

  test('told to stop while it waits, ends with 0 and harms nobody', inProject(SETTINGS, async (project) => {
    const holder = project.begin('start');
    await project.endpoint(holder);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const standby = await standingBy(project, holder);
      standby.signal(signal);
      const ended = await standby.end();
      assert.deepEqual([ended.code, ended.stderr], [0, '']);
    }
    const { url } = await project.endpoint(holder);
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    await stop(holder);
  }));

  test('where nobody has the registry it is a start like any other', inProject(SETTINGS, async (project) => {
    const start = project.begin('start', '--standby', '--until-idle');
    assert.equal((await start.end()).code, 0, start.said);
    assert.doesNotMatch(start.stdout, /standing by/);
  }));
});
