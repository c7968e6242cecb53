import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isAlive } from './leftovers.ts';
import { inProject } from './project.ts';

describe('a task past its time limit', { concurrency: 4 }, () => {
  test('dies with all it started, whatever session that is in and whatever it ignores', inProject({}, async (project) => {
    const hold = 'trap "" TERM HUP INT; echo $$ >> "$1/pids"; while :; do sleep 1; done';
    const script = [
      `setsid sh -c '${hold}' sh "$1" &`,
      // A daemon as it is made: forked twice, its parent gone, its own session, its streams closed.
      `( setsid sh -c 'cd /; ( ${hold} ) & ' sh "$1" </dev/null >/dev/null 2>&1 & )`,
      hold,
    ].join('\n');
    const file = await project.plan('slow', [
      { id: 'stuck', timeout: '1500ms', retry: { max_attempts: 1 }, command: ['sh', '-c', script, 'sh', project.root] },
      { id: 'after', dependencies: ['stuck'], command: ['true'] },
      { id: 'beside', command: ['true'] },
    ]);
    const run = await project.expect(1, 'run', file);
    const pids = project.read('pids').split('\n').slice(0, -1).map(Number);
    assert.ok(pids.length >= 3, `all were started: ${pids.join(', ')}`);
    assert.deepEqual(pids.filter(isAlive), []);
    const [stuck, after, beside] = await project.tasks();
    assert.deepEqual([stuck?.state, after?.state, beside?.state], ['failed', 'blocked', 'done']);
    assert.match(stuck?.reason ?? '', /^timedOut/);
    assert.match(run.stdout, /^failed +slow\/stuck: timedOut: ran longer than its limit of 1\.5s/m);
    const events = await project.events();
    const timedOut = events.filter(({ type }) => type === 'RunnerTimedOut');
    assert.deepEqual(timedOut.map(({ task_id: id, attempt }) => [id, attempt]), [['stuck', 1]]);
    assert.deepEqual(events.filter(({ type }) => type === 'RunnerSurvived'), []);
  }));

  test('is tried again while attempts are left, and a limit of the pool counts, too', inProject(
    { rest: { agent_pools: { local: { type: 'local-process', timeout: '300ms' } } } },
    async (project) => {
      const second = 'if [ "$ATTEMPT" = 2 ]; then exit 0; fi; sleep 1000';
      const file = await project.plan('slow', [{ id: 'a', command: ['sh', '-c', second] }]);
      await project.expect(0, 'run', file);
      const shown = await project.show('slow/a');
      assert.deepEqual(shown.attempt_history.map(({ outcome }) => outcome), ['timedOut', 'done']);
    },
  ));
});
