import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inProject, type Project, type TaskShown } from './project.ts';

/** Everything a runner can know, as it finds it: environment, context, folder, arguments; each ended by NUL. */
const LOOK_ROUND = 'env -0 > "$1/$TASK_ID.env"; cat "$TASK_CONTEXT_FILE" > "$1/$TASK_ID.context"; pwd -P > "$1/$TASK_ID.cwd"';

const environmentOf = (project: Project, id: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    project.read(`${id}.env`).split('\0').filter((pair) => pair !== '').map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );

const EVERY_RUNNER_HAS = [
  'RUNNER_ID', 'TASK_CONTEXT', 'TASK_CONTEXT_FILE', 'RUN_DIR', 'POOL_NAME', 'TASK_ID', 'SPEC_NAME', 'ATTEMPT', 'SLOT_ID', 'SLOT_PATH',
  'DISPATCHER_URL', 'RUNNER_TOKEN',
];
const CONTEXT_HAS = [
  'schema_version', 'spec_name', 'task_id', 'task_title', 'task_description', 'dependencies', 'required_skill', 'attempt',
  'runner_id', 'pool_name', 'slot_id', 'slot_path', 'repo_url', 'branch_name', 'requirements', 'previous_attempts', 'limits', 'metadata',
];
/** Passed on when the dispatcher has them, and nothing else that nobody named. */
const MAY_HAVE = new Set([
  ...EVERY_RUNNER_HAS, 'PATH', 'HOME', 'LANG', 'FROM_POOL', 'FROM_TASK', 'DISPATCHER_RUNNER', 'PWD', 'OLDPWD', 'SHLVL', '_',
]);

const POOL = { type: 'local-process', max_concurrency: 8, config: { env: { FROM_POOL: 'pool', FROM_TASK: 'pool' } } };

describe('what a runner is given', { concurrency: 4 }, () => {
  test('environment, context, folder: all of the contract and nothing else', inProject({ rest: { agent_pools: { local: POOL } } }, async (project) => {
    const command = ['sh', '-c', `${LOOK_ROUND}; [ "$ATTEMPT" = 2 ]`, 'sh', project.root];
    const file = await project.plan('p', [
      { id: 'first', command: ['true'] },
      {
        id: 'a', title: 'A title', description: 'What is to be done', dependencies: ['first'], required_skill: 'looking', command,
        env: { FROM_TASK: 'task' }, timeout: '7m', metadata: { requirements: ['1.1', '1.2'], colour: 'red' },
      },
    ], { repo: 'https://example.org/repo.git' });
    const start = project.spawn(process.execPath, [join(import.meta.dirname, '../../src/cli/bin.js'), 'start'], {
      env: project.env({ SECRET_TOKEN: 'swordfish', NODE_OPTIONS: '--no-warnings', LANG: 'C.UTF-8', LD_PRELOAD: '' }),
    });
    const { url, token } = await project.endpoint(start);
    await project.expect(0, 'run', file);
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0);

    const env = environmentOf(project, 'a');
    const shown: TaskShown = await project.show('p/a');
    const [first, second] = shown.attempt_history;
    for (const name of EVERY_RUNNER_HAS) assert.ok(env[name] !== undefined && env[name] !== '', name);
    assert.deepEqual(Object.keys(env).filter((name) => !MAY_HAVE.has(name)), []);
    assert.deepEqual([env['FROM_POOL'], env['FROM_TASK'], env['LANG']], ['pool', 'task', 'C.UTF-8']);
    assert.deepEqual([env['SPEC_NAME'], env['TASK_ID'], env['POOL_NAME'], env['ATTEMPT'], env['DISPATCHER_URL']], ['p', 'a', 'local', '2', url]);
    assert.deepEqual([env['RUNNER_ID'], env['RUN_DIR'], env['SLOT_ID']], [shown.runner_id, second?.run_dir, shown.slot_id]);
    assert.equal(env['SLOT_PATH'], project.path('slots', shown.slot_id ?? ''));
    assert.equal(project.read('a.cwd').trim(), env['SLOT_PATH']);
    for (const text of Object.values(env)) assert.equal(text.includes(token), false, 'the admin token is in no environment');

    assert.equal(project.read('a.context'), env['TASK_CONTEXT']);
    const context = JSON.parse(env['TASK_CONTEXT'] ?? '') as Record<string, unknown>;
    assert.deepEqual(Object.keys(context), CONTEXT_HAS);
    assert.deepEqual(
      [context['spec_name'], context['task_id'], context['task_title'], context['task_description'], context['required_skill']],
      ['p', 'a', 'A title', 'What is to be done', 'looking'],
    );
    assert.deepEqual([context['dependencies'], context['requirements'], context['repo_url']], [['p/first'], ['1.1', '1.2'], 'https://example.org/repo.git']);
    assert.deepEqual([context['attempt'], context['runner_id'], context['slot_path']], [2, env['RUNNER_ID'], env['SLOT_PATH']]);
    assert.equal((context['limits'] as Record<string, unknown>)['timeout_seconds'], 420);
    assert.deepEqual(context['previous_attempts'], [{
      attempt: 1, runner_id: env['RUNNER_ID']?.replace(/2$/, '1'), pool_name: 'local', outcome: 'failed', reason: 'exit code 1',
      log: `${first?.run_dir}/output.log`,
    }]);
  }));

  test('above 100 KiB the context is in the file alone', inProject({}, async (project) => {
    const command = ['sh', '-c', LOOK_ROUND, 'sh', project.root];
    const file = await project.plan('p', [
      { id: 'long', description: 'é'.repeat(60_000), command },
      { id: 'short', description: 'é'.repeat(40_000), command },
    ]);
    await project.expect(0, 'run', file);
    assert.equal(environmentOf(project, 'long')['TASK_CONTEXT'], undefined);
    const long = JSON.parse(project.read('long.context')) as Record<string, unknown>;
    assert.equal(long['task_description'], 'é'.repeat(60_000));
    assert.equal(environmentOf(project, 'short')['TASK_CONTEXT'], project.read('short.context'));
  }));

  test('a placeholder is one argument, whatever the text holds', inProject({}, async (project) => {
    const title = `it's "quoted", $(touch ${project.path('harm')}) \`touch ${project.path('harm')}\`; && | > x * ~ \\ {{task.id}} {{run_dir}}`;
    const description = `line one\nline "two"\n\t$HOME {{task.title}} $& $1`;
    const print = 'printf "%s\\0" "$@" > ../../args';
    const file = await project.plan('p', [
      {
        id: 'a', title, description,
        command: ['sh', '-c', print, '{{task.title}}', '{{task.title}}', 'x{{ task.description }}y', '{{slot.path}}/{{attempt}}', '{{unknown.name}}', '{{task.id'],
      },
    ]);
    await project.expect(0, 'run', file);
    assert.deepEqual(project.read('args').split('\0').slice(0, -1), [
      title, `x${description}y`, `${project.path('slots/slot-1')}/1`, '{{unknown.name}}', '{{task.id',
    ]);
    assert.equal(project.has('harm'), false);
  }));

  test('ids and names of any kind stay what they are, and inside the folders', inProject({}, async (project) => {
    const ids = ['../../escape', 'a/b', 'ä ö', '-rf', '$(reboot)', 'x'.repeat(200)];
    const file = await project.plan('Ünï-cødé ☃', ids.map((id) => ({ id, command: ['sh', '-c', 'printf "%s\\0" "$TASK_ID" >> "$1"; echo out', 'sh', project.path('ids')] })));
    await project.expect(0, 'run', file);
    assert.deepEqual(project.read('ids').split('\0').slice(0, -1).toSorted(), ids.toSorted());
    const rows = await project.tasks();
    assert.deepEqual(rows.map(({ id, state }) => [id, state]), ids.map((id) => [id, 'done']));
    const shown = await project.show(`Ünï-cødé ☃/${ids[0] ?? ''}`);
    const dir = shown.attempt_history[0]?.run_dir ?? '';
    assert.match(dir.slice(project.path('.dispatcher/runs/').length), /^[a-z0-9-]{1,63}$/);
    assert.equal(readFileSync(`${dir}/output.log`, 'utf8'), 'out\n');
  }));
});
