import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inProject } from './project.ts';

const ROW_KEYS = ['spec', 'id', 'title', 'state', 'priority', 'attempts', 'pool', 'runner_id', 'slot_id', 'reason'];
const EVENT_KEYS = [
  'seq', 'type', 'timestamp', 'actor', 'spec', 'task_id', 'attempt', 'runner_id', 'slot_id', 'pool', 'duration_ms', 'details',
];

describe('a task that fails', { concurrency: 4 }, () => {
  test('three times: dependents are blocked with the reason, the rest runs, the report says it all', inProject({}, async (project) => {
    const file = await project.plan('build', [
      { id: 'first', title: 'The first', command: ['true'] },
      { id: 'middle', dependencies: ['first'], command: ['sh', '-c', 'echo "try $ATTEMPT"; echo oops >&2; exit 1'] },
      { id: 'after', dependencies: ['middle'], command: ['true'] },
      { id: 'last', dependencies: ['after'], command: ['true'] },
      { id: 'beside', priority: 7, command: ['true'] },
    ]);
    const run = await project.expect(1, 'run', file);
    const shown = await project.show('build/middle');
    assert.match(run.stdout, /^failed +build\/middle: exit code 1$/m);
    assert.equal(shown.attempt_history.length, 3);
    for (const { attempt, run_dir: dir } of shown.attempt_history) {
      assert.ok(run.stdout.includes(`attempt ${attempt}: exit code 1; log ${dir}/output.log`), run.stdout);
      const log = await project.expect(0, 'logs', 'build/middle', '--attempt', String(attempt));
      assert.equal(log.stdout, `try ${attempt}\noops\n`);
    }
    assert.equal((await project.expect(0, 'logs', 'build/middle')).stdout, 'try 3\noops\n');
    assert.match(run.stdout, /^blocked +build\/last: blocked by build\/middle, which failed$/m);
    assert.match(run.stdout, /^build: 2 blocked, 2 done, 1 failed/m);
    assert.equal(run.stderr, '');

    const rows = new Map((await project.tasks()).map((row) => [row.id, row]));
    assert.deepEqual([...rows.keys()], ['first', 'middle', 'after', 'last', 'beside']);
    for (const row of rows.values()) assert.deepEqual(Object.keys(row), ROW_KEYS);
    assert.deepEqual(rows.get('after'), {
      spec: 'build', id: 'after', title: 'after', state: 'blocked', priority: 0, attempts: 0,
      pool: null, runner_id: null, slot_id: null, reason: 'blocked by build/middle, which failed',
    });
    const { runner_id: runner, slot_id: slot, ...failed } = rows.get('middle') ?? assert.fail('no row');
    assert.deepEqual(failed, {
      spec: 'build', id: 'middle', title: 'middle', state: 'failed', priority: 0, attempts: 3, pool: 'local', reason: 'exit code 1',
    });
    assert.match(`${runner} ${slot}`, /^[0-9a-f]{8}-build-middle-3 slot-\d$/);
    assert.equal(rows.get('first')?.title, 'The first');
    assert.equal(rows.get('beside')?.priority, 7);

    const events = await project.events();
    for (const event of events) {
      assert.deepEqual(Object.keys(event), EVENT_KEYS);
      assert.match(event.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
    const story = events.filter(({ task_id: id }) => id === 'middle').map(({ type, attempt }) => `${type} ${attempt}`);
    const round = (n: number) => [`TaskAssigned ${n}`, `RunnerStarted ${n}`, `RunnerFailed ${n}`];
    assert.deepEqual(story, [
      'TaskSubmitted null', 'TaskReady null', ...round(1), 'TaskRetryScheduled 1', ...round(2), 'TaskRetryScheduled 2',
      ...round(3), 'TaskFailed 3',
    ]);
    const ends = events.filter(({ type }) => type === 'RunnerFailed');
    assert.ok(ends.every(({ duration_ms: ms, pool }) => ms !== null && ms >= 0 && pool === 'local'));

    const human = await project.expect(0, 'task', 'show', 'build/after');
    assert.match(human.stdout, /^state +blocked: blocked by build\/middle, which failed$/m);
    assert.match(human.stdout, /^needs +build\/middle \(failed\)$/m);
  }));

  test('and is optional: dependents run, exit 0', inProject({}, async (project) => {
    const file = await project.plan('lint', [
      { id: 'style', optional: true, retry: { max_attempts: 1 }, command: ['false'] },
      { id: 'after', dependencies: ['style'], command: ['true'] },
    ]);
    await project.expect(0, 'run', file);
    assert.deepEqual(await project.states(), { 'lint/style': 'failed', 'lint/after': 'done' });
    await project.expect(0, 'run', file);
  }));

  test('asking for what is not there is one line and exit 1, or 2 where the name itself is wrong', inProject({}, async (project) => {
    const none = await project.expect(1, 'tasks');
    assert.match(none.stderr, /^error: there is no registry at .*\n$/);
    assert.equal(project.has('.dispatcher'), false);
    await project.expect(0, 'submit', await project.plan('p', [{ id: 'a', command: ['true'] }]));
    assert.match((await project.expect(1, 'task', 'show', 'p/b')).stderr, /^error: .*p\/b.*\n$/);
    assert.match((await project.expect(2, 'task', 'show', 'p')).stderr, /^error: "p" is not a task.*\n$/);
    assert.match((await project.expect(1, 'logs', 'p/a')).stderr, /^error: p\/a has not been started yet.*\n$/);
    assert.match((await project.expect(2, 'tasks', '--state', 'sleeping')).stderr, /^error: --state sleeping: expected one of .*\n$/);
    await project.expect(0, 'start', '--until-idle');
    assert.match((await project.expect(1, 'logs', 'p/a', '--attempt', '2')).stderr, /^error: p\/a has no attempt 2.*1\n$/);
  }));
});
