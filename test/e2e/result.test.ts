import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inProject, type Project, type TaskShown } from './project.ts';

/** Writes a result as the contract says, and exits with a code. */
const saying = (result: unknown, code = 0): readonly string[] => [
  'sh', '-c', 'printf %s "$1" > "$RUN_DIR/.result" && mv "$RUN_DIR/.result" "$RUN_DIR/result.json"; exit "$2"', 'sh',
  typeof result === 'string' ? result : JSON.stringify(result), String(code),
];

const counted = ({ attempt_history: attempts }: TaskShown): readonly boolean[] => attempts.map((one) => one.counted);

const runOne = async (project: Project, code: number, command: readonly string[]): Promise<TaskShown> => {
  await project.expect(code, 'run', await project.plan('p', [{ id: 'a', command }]));
  return project.show('p/a');
};

describe('how an attempt ended', { concurrency: 4 }, () => {
  test('a result outranks the exit code, both ways', inProject({}, async (project) => {
    const file = await project.plan('p', [
      { id: 'good', command: saying({ status: 'done', summary: 'all is well' }, 1) },
      { id: 'nothing', command: saying({ status: 'no_change' }, 3) },
      { id: 'bad', command: saying({ status: 'failed', reason: 'no luck', retryable: false }) },
      { id: 'perhaps', command: saying({ status: 'failed', reason: 'try me' }) },
    ]);
    await project.expect(1, 'run', file);
    const rows = (await project.tasks()).map(({ id, state, attempts, reason }) => ({ id, state, attempts, reason }));
    assert.deepEqual(rows, [
      { id: 'good', state: 'done', attempts: 1, reason: null },
      { id: 'nothing', state: 'done', attempts: 1, reason: null },
      { id: 'bad', state: 'failed', attempts: 1, reason: 'no luck' },
      { id: 'perhaps', state: 'failed', attempts: 3, reason: 'try me' },
    ]);
    assert.equal((await project.show('p/good')).attempt_history[0]?.reason, 'all is well');
  }));

  test('one that asks for input or review is parked, and its run is not complete', inProject({}, async (project) => {
    const file = await project.plan('p', [
      { id: 'input', command: saying({ status: 'needs_input', reason: 'which colour?' }) },
      { id: 'review', command: saying({ status: 'needs_review', summary: 'please look' }) },
      { id: 'after', dependencies: ['input'], command: ['true'] },
    ]);
    const run = await project.expect(1, 'run', file);
    assert.match(run.stdout, /^parked +p\/input: needs_input: which colour\?$/m);
    const rows = (await project.tasks()).map(({ id, state, reason }) => [id, state, reason]);
    assert.deepEqual(rows, [
      ['input', 'parked', 'needs_input: which colour?'],
      ['review', 'parked', 'needs_review: please look'],
      ['after', 'blocked', 'waits for p/input'],
    ]);
  }));

  test('exit 78 is final, 75 asks for another try', inProject({}, async (project) => {
    const file = await project.plan('p', [
      { id: 'final', command: ['sh', '-c', 'exit 78'] },
      { id: 'again', command: ['sh', '-c', '[ "$ATTEMPT" = 3 ] || exit 75'] },
      { id: 'killed', command: ['sh', '-c', 'kill -SEGV $$'] },
    ]);
    await project.expect(1, 'run', file);
    const rows = (await project.tasks()).map(({ id, state, attempts, reason }) => [id, state, attempts, reason]);
    assert.deepEqual(rows, [
      ['final', 'failed', 1, 'exit code 78 (forbids a retry)'],
      ['again', 'done', 3, null],
      ['killed', 'failed', 3, 'killed by SIGSEGV'],
    ]);
  }));

  test('a result that cannot be read turns a good exit into a failure, and says what is wrong with it', inProject({}, async (project) => {
    const file = await project.plan('p', [
      { id: 'torn', command: saying('{"status": "do') },
      { id: 'strange', command: saying({ status: 'splendid' }) },
      { id: 'link', command: ['sh', '-c', 'ln -s /etc/passwd "$RUN_DIR/result.json"'] },
      { id: 'folder', command: ['sh', '-c', 'mkdir "$RUN_DIR/result.json"'] },
      { id: 'pipe', command: ['sh', '-c', 'mkfifo "$RUN_DIR/result.json"'] },
      { id: 'huge', command: ['sh', '-c', 'head -c 2000000 /dev/zero > "$RUN_DIR/result.json"'] },
    ], { defaults: { retry: { max_attempts: 1 } } });
    await project.expect(1, 'run', file);
    for (const { id, state, reason } of await project.tasks()) {
      assert.equal(state, 'failed', id);
      assert.match(reason ?? '', /^result\.json: [^\n]+$/, id);
    }
  }));

  test('rate_limited waits as long as it was told and uses up no attempt', inProject({}, async (project) => {
    const script = `printf '%s' '{"status":"rate_limited","reason":"slow down","retry_after":1.2}' > "$RUN_DIR/result.json"`;
    const quick = script.replace('1.2', '0.05');
    const shown = await runOne(project, 0, ['sh', '-c', `case "$ATTEMPT" in 1) ${script} ;; 2|3|4) ${quick} ;; esac`]);
    assert.deepEqual([shown.state, shown.attempts, counted(shown)], ['done', 5, [false, false, false, false, true]]);
    const events = await project.events();
    const throttled = events.find(({ type }) => type === 'PoolThrottled');
    const next = events.find(({ type, attempt }) => type === 'TaskAssigned' && attempt === 2);
    assert.equal(throttled?.details['until'], Date.parse(throttled?.timestamp ?? '') + 1200);
    assert.ok(Date.parse(next?.timestamp ?? '') - Date.parse(throttled?.timestamp ?? '') >= 1200, 'it waited');
  }));

  test('a command that is not there fails at once, for one clear reason', inProject({}, async (project) => {
    const shown = await runOne(project, 1, ['no-such-program-anywhere', '--fast']);
    assert.deepEqual([shown.state, shown.attempts], ['failed', 1]);
    assert.match(shown.reason ?? '', /^launch_failed: [^\n]*no-such-program-anywhere[^\n]*$/);
    const types = (await project.events()).map(({ type }) => type);
    assert.equal(types.includes('RunnerStarted'), false);
    await project.write('script', 'echo not executable');
    await project.expect(1, 'run', await project.plan('q', [{ id: 'a', command: [project.path('script')] }]));
    assert.match((await project.show('q/a')).reason ?? '', /^launch_failed: /);
    await project.expect(1, 'run', await project.plan('r', [{ id: 'a' }]));
    assert.match((await project.show('r/a')).reason ?? '', /^launch_failed: r\/a has no command/);
  }));
});
