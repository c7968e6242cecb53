import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Command } from './command.ts';
import { inProject, type Project } from './project.ts';

/** A lock on the registry by another program, which ends with it. */
const LOCKER = `
const { DatabaseSync } = require('node:sqlite');
const db = new DatabaseSync(process.argv[1], { timeout: 5000 });
db.exec(process.argv[2] + 'BEGIN EXCLUSIVE; UPDATE registry SET doom = doom;');
console.log('locked');
setInterval(() => {}, 60000);
`;

const locked = async (project: Project, before = ''): Promise<Command> => {
  const locker = project.spawn(process.execPath, ['-e', LOCKER, project.path('.dispatcher/registry.db'), before]);
  await locker.prints('locked');
  return locker;
};

const GATED = ['sh', '-c', 'until [ -e "$1" ]; do sleep 0.05; done; echo "$RUNNER_ID" >> "$2.$TASK_ID"', 'sh'];

/** A dispatcher at work on two tasks that wait for `gate`, with two more behind them. */
const atWork = async (project: Project, ...args: readonly string[]): Promise<Command> => {
  const command = [...GATED, project.path('gate'), project.path('lines')];
  const tasks = ['a', 'b', 'c', 'd'].map((id) => ({ id, command, dependencies: id === 'c' || id === 'd' ? ['a'] : [] }));
  const run = project.begin('run', await project.plan('p', tasks), ...args);
  await run.until('two run', async () => (await project.watch().count('RunnerStarted')) === 2);
  return run;
};

const assertAllOnce = async (project: Project): Promise<void> => {
  assert.deepEqual(new Set(Object.values(await project.states())), new Set(['done']));
  for (const id of ['a', 'b', 'c', 'd']) assert.equal(project.read(`lines.${id}`).split('\n').length, 2);
  const events = await project.events();
  assert.equal(events.filter(({ type }) => type === 'RunnerCompleted').length, 4);
};

describe('a registry that another program has locked', { concurrency: 4 }, () => {
  test('before a start: one line, exit 2; once it is free again, nothing is amiss', inProject({}, async (project) => {
    await project.expect(0, 'submit', await project.plan('p', [{ id: 'a', command: ['true'] }]));
    const locker = await locked(project, 'PRAGMA locking_mode=EXCLUSIVE;');
    for (const args of [['start'], ['run', 'p.json'], ['status']]) {
      const ended = await project.expect(2, ...args);
      assert.match(ended.stderr, /^error: registry \S+registry\.db: locked by another process; end what has it open [^\n]+\n$/, args.join(' '));
    }
    await locker.kill();
    await project.expect(0, 'run', 'p.json');
  }));

  test('while it works: said once, nothing is lost, and it goes on', inProject({}, async (project) => {
    const run = await atWork(project);
    const locker = await locked(project);
    await project.write('gate', '');
    await run.prints(/^warning +registry \S+: locked by another process; end what has it open/m);
    await locker.kill();
    assert.equal((await run.end()).code, 0, run.said);
    await run.prints('the registry takes writes again');
    assert.equal(run.stdout.split('locked by another process').length, 2);
    await assertAllOnce(project);
  }));
});

describe('an event that the registry cannot take', () => {
  test('waits in a file of JSON lines, and is stored once, in its place in the order', inProject({}, async (project) => {
    const start = project.begin('start');
    await project.endpoint(start);
    const locker = await locked(project);
    // Done at once. What it looks like then is read from the registry, so the command itself may fail.
    for (const limit of ['3', '4']) await project.cli('pools', 'resize', 'local', limit);
    const journal = (): readonly string[] => {
      // What is being stored again is set aside, and is older than what came since.
      const names = readdirSync(project.stateDir).filter((each) => /^events-\w+\.jsonl(\.replay)?$/.test(each));
      const linesOf = (name: string): readonly string[] => {
        try {
          return project.read('.dispatcher', name).split('\n').slice(0, -1);
        } catch {
          // Stored, and gone, since we saw its name.
          return [];
        }
      };
      return names.toSorted().toReversed().flatMap(linesOf);
    };
    await start.until('both are in the file', () => journal().length === 2);
    assert.deepEqual(journal().map((line) => (JSON.parse(line) as { event: { type: string } }).event.type), ['PoolResized', 'PoolResized']);
    await locker.kill();
    await start.until('they are stored', async () => (await project.watch().count('PoolResized')) === 2);
    await start.until('the file is gone', () => journal().length === 0);
    await project.expect(0, 'pools', 'resize', 'local', '5');
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0, start.said);
    const resized = (await project.events()).filter(({ type }) => type === 'PoolResized');
    assert.deepEqual(resized.map(({ details }) => details['max_concurrency']), [3, 4, 5]);
  }));
});

describe('a registry that is damaged', { concurrency: 4 }, () => {
  const damage = async (project: Project, change: (bytes: Buffer) => Buffer): Promise<void> => {
    const tasks = Array.from({ length: 300 }, (_, i) => ({ id: `t${i}`, command: ['true'] }));
    await project.expect(0, 'submit', await project.plan('p', tasks));
    const path = project.path('.dispatcher/registry.db');
    writeFileSync(path, change(readFileSync(path)));
  };

  for (const [what, change] of [
    ['with garbage in its middle', (bytes: Buffer) => bytes.fill(0x5a, 4096, bytes.length - 4096)],
    ['cut off', (bytes: Buffer) => bytes.subarray(0, 4096 * 2 + 17)],
  ] as const) {
    test(`${what}: one line, and nothing is started`, inProject({}, async (project) => {
      await damage(project, change);
      for (const args of [['start', '--until-idle'], ['run', 'p.json'], ['status']]) {
        const ended = await project.cli(...args);
        assert.ok(ended.code === 1 || ended.code === 2, args.join(' '));
        assert.match(ended.stderr, /^error: [^\n]*registry \S+: not a usable Task Registry \([^\n]+\); move the file away[^\n]*\n$/, args.join(' '));
      }
      assert.equal(project.has('slots'), false);
    }));
  }
});

/** What a full disk is to one process: every write to a file fails, until the limit is lifted. */
const limitFiles = (pid: number, bytes: number | 'unlimited'): void => {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
};

describe('a disk that takes nothing more', () => {
  test('is said once, nothing is lost, and all goes on once there is room', inProject({}, async (project) => {
    const run = await atWork(project);
    limitFiles(run.pid, 1);
    await project.write('gate', '');
    await run.prints(/^warning +registry \S+: the disk (is full|fails) \([^\n]+free/m);
    limitFiles(run.pid, 'unlimited');
    assert.equal((await run.end()).code, 0, run.said);
    assert.equal(run.stdout.split('the registry takes writes again').length, 2);
    await assertAllOnce(project);
  }));

  test('and told to stop meanwhile, it ends all the same, and the next one goes on from there', inProject(
    { dispatcher: { graceful_shutdown: { timeout: 300, on_shutdown: 'leave' } } },
    async (project) => {
      const run = await atWork(project);
      limitFiles(run.pid, 1);
      run.signal('SIGTERM');
      const ended = await run.end();
      assert.equal(ended.code, 0, run.said);
      assert.match(ended.stdout, /^warning +cannot append to the event journal \S+ \([^\n]+\); check [^\n]+free space$/m);
      assert.match(ended.stdout, /events may be lost/);
      await project.write('gate', '');
      await project.expect(0, 'run', 'p.json');
      await assertAllOnce(project);
    },
  ));
});
