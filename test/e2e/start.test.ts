import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { inProject, Project } from './project.ts';

const mode = (project: Project, name: string): number => statSync(project.path('.dispatcher', name)).mode & 0o777;

describe('beside a start', { concurrency: 4 }, () => {
  // The configuration polls once an hour: whatever happens here was told, not found.
  test('a submission starts at once, through the API', inProject({}, async (project) => {
    const start = project.begin('start');
    await project.endpoint(start);
    const submitted = await project.expect(0, 'submit', await project.plan('p', [{ id: 'a', command: ['true'] }]));
    assert.equal(submitted.stdout, 'submitted p: 1 new\n');
    await start.until('it is done', () => project.watch().has('TaskCompleted', 'a'));
    const again = JSON.parse((await project.expect(0, 'submit', '--json', 'p.json')).stdout) as Record<string, unknown>;
    assert.deepEqual([again['accepted'], again['unchanged']], [true, ['p/a']]);
    const status = await project.expect(0, 'status');
    assert.match(status.stdout, /^dispatcher at http:\/\/127\.0\.0\.1:\d+\ntasks: 1 done\n/);
    const shown = JSON.parse((await project.expect(0, 'status', '--json')).stdout) as Record<string, unknown>;
    assert.deepEqual(shown['runners'], []);
    const nothing = { cpu_quota: null, cpu_used: null, memory_quota: null, memory_used: null, reason: null };
    const local = { name: 'local', type: 'local-process', state: 'enabled', max_concurrency: 8, running: 0 };
    assert.deepEqual(shown['pools'], [{ ...local, ...nothing, cpu_reserved: 0, memory_reserved: 0 }]);
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0);
    const submission = (await project.events()).find(({ type }) => type === 'TaskSetSubmitted');
    assert.match(submission?.actor ?? '', /^cli:./);
  }));

  test('run joins it and ends with the verdict on its own set', inProject({}, async (project) => {
    const start = project.begin('start');
    await project.endpoint(start);
    const [good, bad] = await Promise.all([
      project.cli('run', await project.plan('good', [{ id: 'a', command: ['true'] }, { id: 'b', dependencies: ['a'], command: ['true'] }])),
      project.cli('run', await project.plan('bad', [{ id: 'a', command: ['false'] }, { id: 'b', dependencies: ['a'], command: ['true'] }])),
    ]);
    assert.equal(good.code, 0, good.stdout + good.stderr);
    assert.match(good.stdout, /^joining the dispatcher at .*\n/);
    assert.match(good.stdout, /^good: 2 done/m);
    assert.equal(bad.code, 1, bad.stdout + bad.stderr);
    assert.match(bad.stdout, /^failed +bad\/a: exit code 1$/m);
    assert.match(bad.stdout, /^blocked +bad\/b: blocked by bad\/a, which failed$/m);
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0);
  }));

  test('a run that joins ends also when its task can never be placed', inProject({ dispatcher: { strict_skills: true } }, async (project) => {
    const start = project.begin('start');
    await project.endpoint(start);
    const run = await project.cli('run', await project.plan('p', [{ id: 'a', required_skill: 'juggling', command: ['true'] }]));
    assert.equal(run.code, 1, run.stdout + run.stderr);
    assert.match(run.stdout, /^ready +p\/a: .*no pool for the skill "juggling"/m);
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0);
  }));

  test('a run that joins goes on by itself when the dispatcher is killed', inProject({}, async (project) => {
    const start = project.begin('start');
    await project.endpoint(start);
    const gated = ['sh', '-c', 'echo "$RUNNER_ID" >> "$2"; until [ -e "$1" ]; do sleep 0.05; done', 'sh', project.path('gate'), project.path('starts')];
    const run = project.begin('run', await project.plan('p', [{ id: 'a', command: gated }, { id: 'b', dependencies: ['a'], command: ['true'] }]), '--fresh');
    await run.until('it runs', () => project.watch().has('RunnerStarted', 'a'));
    start.signal('SIGKILL');
    await run.prints('the dispatcher has gone; going on without it');
    await run.prints(/^adopted +p\/a$/m);
    await project.write('gate', '');
    assert.equal((await run.end()).code, 0, run.said);
    assert.deepEqual(await project.states(), { 'p/a': 'done', 'p/b': 'done' });
    assert.equal(project.read('starts').split('\n').length, 2);
  }));

  test('several runs begun at once all end well, whoever of them is the dispatcher', inProject({}, async (project) => {
    const names = ['one', 'two', 'three', 'four'];
    const files = await Promise.all(names.map((name) => project.plan(name, [{ id: 'a', command: ['true'] }, { id: 'b', dependencies: ['a'], command: ['true'] }])));
    const ends = await Promise.all(files.map((file) => project.cli('run', file)));
    for (const ended of ends) assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    assert.deepEqual(new Set(Object.values(await project.states())), new Set(['done']));
    await project.events();
  }));

  test('another start is told who has the registry, exit 2; both files are for their owner alone', inProject({}, async (project) => {
    const start = project.begin('start');
    await project.endpoint(start);
    const second = await project.expect(2, 'start');
    assert.match(second.stderr, new RegExp(`^error: registry .*registry\\.db is in use by process ${start.pid} on \\S+ since \\S+; .*\\n$`));
    assert.deepEqual([mode(project, 'endpoint.json'), mode(project, 'admin-token')], [0o600, 0o600]);
    start.signal('SIGINT');
    assert.equal((await start.end()).code, 0);
    assert.equal(project.has('.dispatcher', 'endpoint.json'), false);
  }));
});

describe('endpoint.json', { concurrency: 4 }, () => {
  test('left by a kill -9 confuses nobody', inProject({}, async (project) => {
    const start = project.begin('start');
    const { url } = await project.endpoint(start);
    start.signal('SIGKILL');
    await start.end();
    assert.ok(project.has('.dispatcher', 'endpoint.json'));
    assert.match((await project.expect(0, 'status')).stdout, /^no dispatcher runs\n/);
    const submitted = await project.expect(0, 'submit', await project.plan('p', [{ id: 'a', command: ['true'] }]));
    assert.match(submitted.stdout, /no dispatcher runs; start one with: dispatcher start/);
    await project.expect(0, 'run', 'p.json');
    assert.deepEqual(await project.states(), { 'p/a': 'done' });
    // The port is the same at the next start of this registry.
    const next = project.begin('start');
    assert.equal((await project.endpoint(next)).url, url);
    next.signal('SIGTERM');
    await next.end();
  }));

  test('whose port another program has now gets no token, and holds nobody up', inProject({}, async (project) => {
    const start = project.begin('start');
    const { url } = await project.endpoint(start);
    start.signal('SIGKILL');
    await start.end();
    let heard = '';
    // Takes what comes and never says a word.
    const stranger = createServer((socket) => {
      socket.setEncoding('utf8').on('data', (text: string) => void (heard += text)).on('error', () => undefined);
    });
    stranger.listen(Number(new URL(url).port), '127.0.0.1');
    await once(stranger, 'listening');
    try {
      assert.match((await project.expect(0, 'status')).stdout, /^no dispatcher runs\n/);
      await project.expect(0, 'submit', await project.plan('p', [{ id: 'a', command: ['true'] }]));
      assert.equal(heard.includes(project.read('.dispatcher', 'admin-token').trim()), false, heard);
    } finally {
      stranger.close();
    }
  }));

  test('whose port the dispatcher of another registry has now is not taken for it', inProject({}, async (project) => {
    const start = project.begin('start');
    const { url } = await project.endpoint(start);
    start.signal('SIGKILL');
    await start.end();
    const other = await Project.create({ rest: { server: { port: Number(new URL(url).port) } } });
    try {
      const stranger = other.begin('start');
      await other.endpoint(stranger);
      assert.match((await project.expect(0, 'status')).stdout, /^no dispatcher runs\n/);
      await project.expect(0, 'run', await project.plan('p', [{ id: 'a', command: ['true'] }]));
      stranger.signal('SIGTERM');
      await stranger.end();
      assert.deepEqual(await other.tasks(), []);
    } finally {
      await other.remove();
    }
  }));

  test('is gone after a run that was over before the API listened', inProject({}, async (project) => {
    await project.expect(0, 'run', await project.plan('p', [{ id: 'a', command: ['true'] }]));
    await project.plan('p', [{ id: 'a', command: ['true'], env: { CHANGED: '1' } }]);
    await project.expect(2, 'run', 'p.json');
    assert.equal(project.has('.dispatcher', 'endpoint.json'), false);
  }));
});

describe('start --until-idle', { concurrency: 4 }, () => {
  test('ends when nothing is left to do, with the verdict on everything', inProject({}, async (project) => {
    await project.expect(0, 'start', '--until-idle');
    await project.expect(0, 'submit', await project.plan('p', [{ id: 'a', command: ['true'] }]));
    await project.expect(0, 'start', '--until-idle');
    await project.expect(0, 'submit', await project.plan('q', [{ id: 'a', command: ['false'] }]));
    const ended = await project.expect(1, 'start', '--until-idle');
    assert.match(ended.stdout, /^all sets: 1 done, 1 failed/m);
  }));
});
