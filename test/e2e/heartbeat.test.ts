import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isAlive } from './leftovers.ts';
import { inProject, repositoryRoot, type Project } from './project.ts';
import { until } from './until.ts';

const client = join(repositoryRoot, 'src/index.ts');

/** A runner by the client: says its pid, speaks, and ends as the file `gate` says, or when it is told to stop. */
const speaking = (project: Project, rest = ''): Promise<string> =>
  project.write(
    'speaker.mjs',
    `import { appendFileSync, existsSync } from 'node:fs';
     import { setTimeout as delay } from 'node:timers/promises';
     import { RunnerClient } from ${JSON.stringify(client)};
     const client = new RunnerClient({ heartbeatMs: 200 });
     const context = await client.context();
     client.progress(0.1, 'begun');
     appendFileSync(${JSON.stringify(project.path('pids'))}, process.pid + ' ' + context.attempt + '\\n');
     ${rest}
     while (!client.stop.aborted && !existsSync(${JSON.stringify(project.path('gate'))})) await delay(50);
     if (client.stop.aborted) { appendFileSync(${JSON.stringify(project.path('told'))}, 'stop\\n'); process.exit(1); }
     await client.artifact({ type: 'note', uri: 'memory:' + context.task_id });
     await client.complete({ status: 'done', summary: 'attempt ' + context.attempt });`,
  );

const pidOf = (project: Project, attempt: number): number | null => {
  if (!project.has('pids')) return null;
  const line = project.read('pids').split('\n').find((text) => text.endsWith(` ${attempt}`));
  return line === undefined ? null : Number(line.split(' ')[0]);
};

const began = async (project: Project, attempt: number): Promise<number> => {
  await until(`attempt ${attempt} speaks`, () => pidOf(project, attempt) !== null);
  return pidOf(project, attempt) ?? 0;
};

describe('a runner that speaks', { concurrency: 2 }, () => {
  test('and stands still beyond the time-out is proven dead and runs again; what it says afterwards comes too late', inProject(
    { dispatcher: { heartbeat_timeout: '3s' } },
    async (project) => {
      const script = await speaking(project);
      const run = project.begin('run', await project.plan('p', [{ id: 'a', command: [process.execPath, script] }]));
      const first = await began(project, 1);
      process.kill(first, 'SIGSTOP');
      await began(project, 2);
      assert.ok(!isAlive(first), 'gone before the second attempt began');
      await project.write('gate', '');
      assert.equal((await run.end()).code, 0, run.said);
      const shown = await project.show('p/a');
      assert.deepEqual(shown.attempt_history.map(({ outcome, counted }) => [outcome, counted]), [['timedOut', true], ['done', true]]);
      assert.match(shown.attempt_history[0]?.reason ?? '', /hung: alive, but it has said nothing for 3/);
      assert.deepEqual(shown.artifacts, [{ attempt: 2, type: 'note', uri: 'memory:a' }]);
      const stopping = (await project.events()).find(({ type }) => type === 'RunnerStopping');
      assert.equal(stopping?.details['why'], 'hung');
    },
  ));

  test('is told to stop when its task is cancelled', inProject({ dispatcher: { stop_grace: '20s' } }, async (project) => {
    // It takes no notice of the signal: only the answer to its heartbeat ends it.
    const script = await speaking(project, `process.on('SIGTERM', () => undefined);`);
    const start = project.begin('start');
    await project.endpoint(start);
    await project.expect(0, 'submit', await project.plan('p', [{ id: 'a', command: [process.execPath, script] }]));
    await began(project, 1);
    await project.expect(0, 'task', 'cancel', 'p/a');
    await until('it was told', () => project.has('told'));
    await start.until('the task is cancelled', async () => (await project.states())['p/a'] === 'cancelled');
    start.signal('SIGTERM');
    assert.equal((await start.end()).code, 0, start.said);
  }));

  test('has reported and does not end: it is helped, and its report counts', inProject({}, async (project) => {
    const script = await speaking(project, `await client.complete({ status: 'done' }); await delay(600_000);`);
    await project.expect(0, 'run', await project.plan('p', [{ id: 'a', command: [process.execPath, script] }]));
    assert.deepEqual(await project.states(), { 'p/a': 'done' });
  }));

  test('reports while no dispatcher lives, is adopted, and may be silent for a full time-out anew', inProject(
    { dispatcher: { heartbeat_timeout: '30s' } },
    async (project) => {
      const script = await speaking(project);
      const file = await project.plan('p', [{ id: 'a', command: [process.execPath, script] }]);
      const first = project.begin('run', file);
      await began(project, 1);
      await until('its words are kept', () => project.read('pids') !== '');
      first.signal('SIGKILL');
      await first.ended;
      await project.write('gate', '');
      const second = await project.expect(0, 'run', file);
      assert.match(second.stdout, /taking over 1 runner|adopted/);
      const shown = await project.show('p/a');
      assert.deepEqual([shown.state, shown.attempts], ['done', 1]);
    },
  ));
});

describe('a runner that never spoke', { concurrency: 2 }, () => {
  test('is watched by liveness only: standing still is nobody\'s business', inProject(
    { dispatcher: { heartbeat_timeout: '1s' } },
    async (project) => {
      const command = ['sh', '-c', 'echo "$$ 1" > "$1"; until [ -e "$2" ]; do sleep 0.05; done', 'sh', project.path('pids'), project.path('gate')];
      const run = project.begin('run', await project.plan('p', [{ id: 'a', command }, { id: 'b', command: ['sleep', '4'] }]));
      const pid = await began(project, 1);
      process.kill(pid, 'SIGSTOP');
      await run.until('four time-outs have passed', async () => (await project.states())['p/b'] === 'done');
      process.kill(pid, 'SIGCONT');
      await project.write('gate', '');
      assert.equal((await run.end()).code, 0, run.said);
      assert.equal((await project.show('p/a')).attempts, 1);
    },
  ));

  test('and does nothing at all is warned of, stopped and run again; one that works in any way is not', inProject(
    { dispatcher: { heartbeat_timeout: '1s', stall_timeout: '4s', retry: { max_attempts: 2, initial_interval: '10ms' } } },
    async (project) => {
      const idle = ['sh', '-c', 'test "$ATTEMPT" = 2 || exec sleep 600'];
      const writes = ['sh', '-c', 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do echo $i; sleep 0.5; done'];
      const changes = ['sh', '-c', 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do touch "$SLOT_PATH/f$i"; sleep 0.5; done'];
      const file = await project.plan('p', [
        { id: 'idle', command: idle },
        { id: 'writes', command: writes },
        { id: 'changes', command: changes },
        { id: 'patient', command: ['sleep', '7'], stall_timeout: '1h' },
      ]);
      await project.expect(0, 'run', file);
      const shown = await project.show('p/idle');
      assert.deepEqual(shown.attempt_history.map(({ outcome }) => outcome), ['timedOut', 'done']);
      assert.match(shown.attempt_history[0]?.reason ?? '', /stalled: no progress, output, processor time or change in its slot/);
      for (const id of ['writes', 'changes', 'patient']) assert.equal((await project.show(`p/${id}`)).attempts, 1, id);
      const events = (await project.events()).filter(({ task_id: id }) => id === 'idle').map(({ type }) => type);
      assert.ok(events.indexOf('RunnerStalling') >= 0 && events.indexOf('RunnerStalling') < events.indexOf('RunnerStopping'));
    },
  ));
});
