import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Command } from './command.ts';
import { inProject, repositoryRoot, type Project } from './project.ts';

const ESCAPE = '\u001B';
/** Select Graphic Rendition: colours, bold and the like. */
const COLOUR = new RegExp(`${ESCAPE}\\[[0-9;]*m`);
/** Of the bar, drawn or still empty. */
const BAR = /[█■▬=-]{3,}|[░ ]{10,} \d+\/\d+|\d+\/3/;

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** `dispatcher ARGS` on a pseudo-terminal, by util-linux's script(1). */
const onTerminal = (
  project: Project,
  args: string,
  env: Readonly<Record<string, string>> = {},
  typed = false,
): Command => {
  const bin = join(repositoryRoot, 'src/cli/bin.js');
  const line = `exec ${quoted(process.execPath)} ${quoted(bin)} ${args}`;
  return project.spawn('script', ['-qec', line, '/dev/null'], { env: project.env({ TERM: 'xterm', SHELL: '/bin/sh', ...env }), typed });
};

const PLAN = (project: Project) => [
  { id: 'a', command: ['true'] },
  { id: 'b', dependencies: ['a'], command: ['sh', '-c', 'until [ -e "$1" ]; do sleep 0.05; done', 'sh', project.path('gate')] },
  { id: 'c', dependencies: ['b'], retry: { max_attempts: 1 }, command: ['sh', '-c', 'exit 3'] },
];

describe('output', { concurrency: 4 }, () => {
  test('to a pipe is plain lines, whatever the environment says of colours', inProject({}, async (project) => {
    await project.write('gate', '');
    const file = await project.plan('p', PLAN(project));
    const bin = join(repositoryRoot, 'src/cli/bin.js');
    const run = await project
      .spawn(process.execPath, [bin, 'run', file], { env: project.env({ FORCE_COLOR: '', TERM: 'xterm-256color' }) })
      .end();
    assert.equal(run.code, 1);
    for (const args of [['tasks'], ['status'], ['events'], ['task', 'show', 'p/c'], ['validate', file]]) {
      const ended = await project.expect(0, ...args);
      assert.equal((ended.stdout + ended.stderr).includes(ESCAPE), false, args.join(' '));
    }
    assert.equal((run.stdout + run.stderr).includes(ESCAPE), false, run.stdout);
    assert.equal(run.stdout.includes('\r'), false);
  }));

  test('to a terminal has colours and a bar; the exit code is the same', inProject({}, async (project) => {
    const file = await project.plan('p', PLAN(project));
    const run = onTerminal(project, `run ${file}`);
    await run.prints(BAR);
    await run.until('the second one runs', () => project.watch().has('RunnerStarted', 'b'));
    await project.write('gate', '');
    const ended = await run.end();
    assert.equal(ended.code, 1, ended.stdout);
    assert.match(ended.stdout, COLOUR);
    assert.ok(ended.stdout.includes(`${ESCAPE}[31mfailed`), ended.stdout);
    // A line each as it happens, the last one too, however shortly before the end.
    for (const line of ['done +\\S+ p/a', 'done +\\S+ p/b', 'failed +\\S+ p/c exit code 3']) {
      assert.match(ended.stdout, new RegExp(line));
    }
    assert.ok(ended.stdout.endsWith('\n'));
    assert.equal(ended.stdout.split(`${ESCAPE}[?25l`).length, ended.stdout.split(`${ESCAPE}[?25h`).length, 'the cursor is shown again');
  }));

  test('to a terminal with NO_COLOR has none, and to a dumb one no bar either', inProject({}, async (project) => {
    await project.write('gate', '');
    const file = await project.plan('p', PLAN(project));
    const bare = await onTerminal(project, `run ${file}`, { NO_COLOR: '1' }).end();
    assert.equal(bare.code, 1, bare.stdout);
    assert.doesNotMatch(bare.stdout, COLOUR);
    const dumb = await onTerminal(project, `run ${file} --fresh`, { TERM: 'dumb' }).end();
    assert.equal(dumb.code, 1, dumb.stdout);
    assert.equal(dumb.stdout.includes(ESCAPE), false, dumb.stdout);
    assert.match(dumb.stdout, /^done +p@2\/a/m);
  }));

  test('of errors is coloured by where they go', inProject({}, async (project) => {
    await onTerminal(project, 'run missing.yaml 2>one.txt').end();
    assert.match(project.read('one.txt'), /^error: missing\.yaml/);
    await onTerminal(project, 'fly 2>two.txt').end();
    assert.match(project.read('two.txt'), /^error: /);
    const seen = await onTerminal(project, 'run missing.yaml').end();
    assert.equal(seen.code, 2);
    assert.ok(seen.stdout.includes(`${ESCAPE}[31merror:${ESCAPE}[39m`), JSON.stringify(seen.stdout));
  }));

  test('of start on a terminal says what happens, though it has no bar', inProject({}, async (project) => {
    await project.expect(0, 'submit', await project.plan('p', [{ id: 'a', command: ['true'] }]));
    const start = onTerminal(project, 'start', {}, true);
    await start.prints(/done\S* +\S* ?p\/a/);
    await start.prints('API at ');
    start.type('\u0003');
    const ended = await start.end();
    assert.equal(ended.code, 0, ended.stdout);
    assert.match(ended.stdout, /stopping: nothing runs/);
  }));

  test('Ctrl-C on a terminal stops in an orderly way', inProject({ dispatcher: { graceful_shutdown: { timeout: '100ms' } } }, async (project) => {
    const file = await project.plan('p', PLAN(project));
    const run = onTerminal(project, `run ${file}`, {}, true);
    await run.until('it waits', () => project.watch().has('RunnerStarted', 'b'));
    run.type('\u0003');
    const ended = await run.end();
    assert.equal(ended.code, 0, ended.stdout);
    assert.match(ended.stdout, /stopping 1 running/);
    assert.deepEqual(await project.states(), { 'p/a': 'done', 'p/b': 'ready', 'p/c': 'blocked' });
  }));

  test('that nobody reads any more stops nothing', inProject({}, async (project) => {
    await project.write('gate', '');
    const tasks = Array.from({ length: 60 }, (_, i) => ({ id: `t${i}`, command: ['true'] }));
    const file = await project.plan('p', tasks);
    const bin = join(repositoryRoot, 'src/cli/bin.js');
    const line = `${quoted(process.execPath)} ${quoted(bin)} run ${file} | head -n 1`;
    assert.match((await project.spawn('sh', ['-c', line]).end()).stdout, /^submitted p: 60 new\n$/);
    await project.expect(0, 'run', file);
    assert.deepEqual(new Set(Object.values(await project.states())), new Set(['done']));
    await project.events();
  }));
});
