import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inProject, type Project } from './project.ts';
import { until } from './until.ts';

type Line = Readonly<Record<string, unknown>>;

const linesOf = (text: string): readonly Line[] =>
  text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Line);

/** Every file below this folder, as bytes: a registry is no text. */
const everythingIn = (folder: string): readonly { readonly path: string; readonly bytes: Buffer }[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => ({ path, bytes: readFileSync(path) }));

const API = ['/api/v1/status', '/api/v1/tasks', '/api/v1/tasks/p/shy', '/api/v1/tasks/p/open', '/api/v1/events', '/api/v1/runners', '/metrics'];

const answers = async (url: string): Promise<string> => {
  const bodies = await Promise.all(API.map(async (path) => (await fetch(url + path)).text()));
  return bodies.join('\n');
};

const ended = (project: Project, keys: readonly string[], state: string): Promise<unknown> =>
  until(`${keys.join(', ')} are ${state}`, async () => {
    const states = await project.states();
    return keys.every((key) => states[key] === state);
  });

describe('the log of start', { concurrency: 2 }, () => {
  test('is one object a line where no terminal is, with task, runner, pool and attempt', inProject({}, async (project) => {
    const start = project.begin('start', '--log-format', 'json');
    await project.endpoint(start);
    await project.expect(0, 'submit', await project.plan('p', [
      { id: 'a', command: ['true'] },
      { id: 'b', command: ['false'], retry: { max_attempts: 2 } },
    ]));
    await ended(project, ['p/b'], 'failed');
    await ended(project, ['p/a'], 'done');
    start.signal('SIGTERM');
    const { stdout, stderr, code } = await start.end();
    assert.deepEqual([code, stderr], [0, '']);
    const lines = linesOf(stdout);
    for (const line of lines) {
      assert.equal(new Date(String(line['time'])).toISOString(), line['time']);
      assert.deepEqual([typeof line['level'], typeof line['message'], line['pid']], ['string', 'string', start.pid]);
    }
    const about = (event: string, task: string): readonly Line[] => lines.filter((line) => line['event'] === event && line['task'] === task);
    const [settled] = about('runnerSettled', 'p/a');
    assert.deepEqual(
      [settled?.['level'], settled?.['message'], settled?.['pool'], settled?.['attempt'], settled?.['task_state'], settled?.['outcome']],
      ['info', 'done p/a', 'local', 1, 'done', 'succeeded'],
    );
    assert.match(String(settled?.['runner_id']), /^[0-9a-f]{8}-p-a-1$/);
    assert.equal(typeof settled?.['duration_ms'], 'number');
    assert.deepEqual(about('runnerSettled', 'p/b').map((line) => [line['level'], line['attempt'], line['reason']]), [
      ['warn', 1, 'exit code 1'],
      ['error', 2, 'exit code 1'],
    ]);
    assert.equal(about('runnerStarted', 'p/b').length, 2);
  }));

  test('leaves out what is below the level, and is text for people if asked', inProject({}, async (project) => {
    await project.expect(0, 'submit', await project.plan('p', [{ id: 'a', command: ['true'] }, { id: 'b', command: ['false'], retry: { max_attempts: 1 } }]));
    const quiet = await project.cli('start', '--until-idle', '--log-format', 'json', '--log-level', 'error');
    assert.equal(quiet.code, 1, quiet.stderr);
    assert.deepEqual(linesOf(quiet.stdout).map((line) => line['message']), ['failed p/b']);
    await project.expect(0, 'task', 'retry', 'p/b');
    const pretty = await project.cli('start', '--until-idle', '--log-format', 'pretty');
    assert.match(pretty.stdout, /^\[\d\d:\d\d:\d\d\.\d+\] ERROR: failed p\/b \{.*"attempt":2/m);
    await project.expect(0, 'task', 'retry', 'p/b');
    const text = await project.cli('start', '--until-idle', '--log-format', 'text');
    assert.match(text.stdout, /^failed +p\/b exit code 1/m);
    assert.equal((await project.cli('start', '--log-format', 'xml')).code, 2);
  }));
});

describe('a secret', () => {
  const NAMED = 'kT9-from-the-environment-"quoted"';
  const FILED = 'kT9-from-a-file-zzz';

  test('is named in a task set, reaches its runner, and is in nothing that is written but the runner\'s own output', inProject({}, async (project) => {
    const file = await project.write('home/secret.txt', `${FILED}\nsecond line\n`);
    const start = project.spawn(process.execPath, [join(import.meta.dirname, '../../src/cli/bin.js'), 'start', '--log-format', 'json', '--log-level', 'debug'], {
      env: project.env({ SERVICE_TOKEN: NAMED }),
    });
    const { url, token } = await project.endpoint(start);
    // It tells its secrets where a runner can tell anything: why it failed, what it did.
    const tell = `fs.writeFileSync(process.env.RUN_DIR + '/result.json', JSON.stringify({
      status: process.env.TASK_ID === 'shy' ? 'failed' : 'done',
      reason: 'tried ' + process.env.TOKEN + ' and ' + process.env.OTHER, summary: 'used ' + process.env.TOKEN }));`;
    await project.expect(0, 'submit', await project.plan('p', ['shy', 'open'].map((id) => ({
      id,
      command: [process.execPath, '-e', tell],
      env: { TOKEN: { from_env: 'SERVICE_TOKEN' }, OTHER: { from_file: file } },
      retry: { max_attempts: 1 },
    }))));
    await ended(project, ['p/shy'], 'failed');
    await ended(project, ['p/open'], 'done');
    assert.match(String((await project.show('p/shy')).reason), /^tried \[TOKEN\] and \[OTHER\]$/);
    const heard = await answers(url);
    assert.match(heard, /tried \[TOKEN\]/);
    start.signal('SIGTERM');
    const { stdout, stderr } = await start.end();
    const written = everythingIn(project.stateDir).filter(({ path }) => !/runs\/.*\/result\.json$/.test(path));
    assert.ok(written.some(({ path }) => path.endsWith('registry.db')));
    const places = [
      ...written,
      { path: 'stdout', bytes: Buffer.from(stdout) },
      { path: 'stderr', bytes: Buffer.from(stderr) },
      { path: 'API', bytes: Buffer.from(heard) },
    ];
    for (const secret of [NAMED, JSON.stringify(NAMED).slice(1, -1), FILED]) {
      assert.deepEqual(places.filter(({ bytes }) => bytes.includes(secret)).map(({ path }) => path), [], secret);
    }
    const holdToken = places.filter(({ bytes }) => bytes.includes(token)).map(({ path }) => path);
    assert.deepEqual(holdToken, [join(project.stateDir, 'admin-token')]);
  }));

  test('that is not there fails the launch with the mend; a wrong form is refused with its place', inProject({}, async (project) => {
    const set = (env: unknown) => project.plan('p', [{ id: 'a', command: ['true'], env }]);
    await project.expect(1, 'run', await set({ TOKEN: { from_env: 'NOT_SET_ANYWHERE' } }));
    assert.match(String((await project.show('p/a')).reason), /^launch_failed: env\.TOKEN: the dispatcher's environment has no NOT_SET_ANYWHERE; set it/);
    for (const wrong of [{ from_env: '' }, { from_env: 'A', from_file: '/a' }, { from_file: 'relative' }, { from: 'A' }, {}, []]) {
      const refused = await project.expect(2, 'validate', await set({ TOKEN: wrong }));
      assert.match(refused.stderr, /p\.json:1: tasks\[0\]\.env\.TOKEN: .*from_env/, JSON.stringify(wrong));
    }
  }));
});
