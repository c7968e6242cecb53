import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { forkServersOf } from './leftovers.ts';
import { inProject } from './project.ts';
import { until } from './until.ts';

describe('the fork-server', { concurrency: 4 }, () => {
  test('killed with kill -9 in mid-run: what ran is lost and tried again, each attempt once', inProject(
    { dispatcher: { retry: { max_attempts: 20, initial_interval: '10ms', jitter: 0, backoff_base: 1 } } },
    async (project) => {
      const script = 'echo "$RUNNER_ID" >> "$1"; until [ -e "$2" ]; do sleep 0.05; done';
      const command = ['sh', '-c', script, 'sh', project.path('starts'), project.path('gate')];
      const tasks = Array.from({ length: 60 }, (_, i) => ({ id: `t${i}`, command }));
      const file = await project.plan('p', tasks);
      const run = project.begin('run', file);
      const written = (): number => (project.has('starts') ? project.read('starts').split('\n').length - 1 : 0);
      const watch = project.watch();
      for (let kill = 1; kill <= 3; kill += 1) {
        await run.until('eight run', async () => written() === 8 * kill && (await watch.count('RunnerStarted')) === 8 * kill);
        const [server] = forkServersOf((await watch.registryId()) ?? '');
        assert.ok(server !== undefined, run.said);
        process.kill(server, 'SIGKILL');
        await run.until('all eight are missed', async () => (await watch.count('RunnerLost')) === 8 * kill);
      }
      await project.write('gate', '');
      const ended = await run.end();
      assert.equal(ended.code, 0, run.said);
      assert.deepEqual(new Set(Object.values(await project.states())), new Set(['done']));
      const starts = project.read('starts').split('\n').slice(0, -1);
      assert.equal(new Set(starts).size, starts.length, 'no attempt ran twice');
      const events = await project.events();
      const ends = events.filter(({ type }) => type === 'RunnerCompleted' || type === 'RunnerLost');
      const attempts = ends.map(({ runner_id: id }) => id);
      assert.equal(new Set(attempts).size, attempts.length, 'no attempt ended twice');
      assert.ok(starts.every((id) => attempts.includes(id)), 'every start has an end');
      assert.equal(ends.filter(({ type }) => type === 'RunnerCompleted').length, tasks.length);
    },
  ));

  test('killed with its dispatcher, its journal torn, another one garbage: the next run adopts what lives', inProject({}, async (project) => {
    const script = 'echo "$ATTEMPT" >> "$2"; until [ -e "$1" ]; do sleep 0.05; done; echo \'{"status":"done"}\' > "$RUN_DIR/result.json"';
    const file = await project.plan('p', [{ id: 'a', command: ['sh', '-c', script, 'sh', project.path('gate'), project.path('starts')] }]);
    const run = project.begin('run', file);
    await run.until('it runs', () => project.watch().has('RunnerStarted'));
    const id = (await project.watch().registryId()) ?? '';
    const [server] = forkServersOf(id);
    assert.ok(server !== undefined);
    run.signal('SIGKILL');
    process.kill(server, 'SIGKILL');
    await run.end();
    await until('the fork-server is dead', () => forkServersOf(id).length === 0);
    const folder = project.path('.dispatcher/fork-servers');
    const journals = readdirSync(folder).filter((name) => readFileSync(`${folder}/${name}`, 'utf8').startsWith('H\t'));
    assert.equal(journals.length, 1);
    const [journal = ''] = journals;
    const { runner_id: runner } = await project.show('p/a');
    appendFileSync(`${folder}/${journal}`, `X\t${runner}\t1`);
    await project.write(`.dispatcher/fork-servers/${journal.replace(/\.\d+-[0-9a-f]+/, '.1-00000000')}`, `\u0000garbage ${id}\n\n\t\tX`);
    const next = project.begin('run', file);
    await next.prints(/^adopted +p\/a$/m);
    await project.write('gate', '');
    assert.equal((await next.end()).code, 0, next.said);
    assert.equal(project.read('starts'), '1\n');
  }));
});
