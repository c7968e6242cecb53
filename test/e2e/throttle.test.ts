import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inProject, type EventRow } from './project.ts';
import { until } from './until.ts';

/** Is told to be slower at its first start, by what it writes; then does its work. */
const throttledOnce = (how: string): readonly string[] => ['sh', '-c', `[ "$ATTEMPT" -gt 1 ] || { ${how}; }; date +%s%3N > "$TASK_ID.again"`];
const BY_RESULT = `printf '{"status":"rate_limited","reason":"slow down","retry_after":1}' > "$RUN_DIR/r" && mv "$RUN_DIR/r" "$RUN_DIR/result.json"; exit 0`;

const ONE_POOL = { rest: { agent_pools: { local: { type: 'local-process', max_concurrency: 1 } } } };
const SHARED = {
  rest: {
    agent_pools: {
      first: { type: 'local-process', max_concurrency: 1, account: 'acme', skills: ['models'] },
      second: { type: 'local-process', max_concurrency: 1, account: 'acme', skills: ['models'] },
      free: { type: 'local-process', max_concurrency: 1, skills: ['any'] },
    },
    skill_mapping: { any: ['first', 'free'], default: ['free'] },
  },
};

const of = (events: readonly EventRow[], type: string): readonly EventRow[] => events.filter((event) => event.type === type);
const at = (event: EventRow | undefined): number => Date.parse(event?.timestamp ?? '');

describe('a pool that was told to be slower', { concurrency: 3 }, () => {
  test('starts nothing before its time, and that uses up no attempt', inProject({ ...ONE_POOL, dispatcher: { retry: { max_attempts: 1 } } }, async (project) => {
    const file = await project.plan('p', [
      { id: 'a', command: throttledOnce(BY_RESULT) },
      { id: 'b', command: ['true'] },
    ]);
    await project.expect(0, 'run', file);
    const shown = await project.show('p/a');
    assert.deepEqual(shown.attempt_history.map(({ attempt, counted }) => [attempt, counted]), [[1, false], [2, true]]);
    const events = await project.events();
    const [throttled] = of(events, 'PoolThrottled');
    assert.equal(throttled?.pool, 'local');
    assert.equal(throttled?.details['until'], at(throttled) + 1000);
    for (const later of of(events, 'TaskAssigned').slice(1)) assert.ok(at(later) >= at(throttled) + 1000, `${later.task_id} starts too early`);
    assert.equal(of(events, 'PoolUnthrottled').length, 1);
  }));

  test('pauses those that share its account, while others go on; a restart forgets nothing, a person may end it', inProject(SHARED, async (project) => {
    const file = await project.plan('p', [
      { id: 'a', required_skill: 'models', command: ['sh', '-c', '[ "$ATTEMPT" -gt 1 ] || exit 69'], retry: { throttled_exit_codes: [69] } },
      { id: 'b', required_skill: 'models', dependencies: ['other'], command: ['true'] },
      { id: 'other', command: ['sleep', '0.3'] },
    ]);
    await project.expect(0, 'submit', file);
    const first = project.begin('start');
    await until('a throttle', () => project.watch().has('PoolThrottled'));
    await first.kill();
    const second = project.begin('start');
    await project.endpoint(second);
    await until('the other pool goes on', () => project.watch().has('TaskCompleted', 'other'));
    const pools = JSON.parse((await project.expect(0, 'pools', '--json')).stdout) as readonly { name: string; state: string; reason: string }[];
    assert.deepEqual(pools.map(({ name, state }) => [name, state]), [['first', 'throttled'], ['second', 'throttled'], ['free', 'enabled']]);
    assert.match(pools[1]?.reason ?? '', /account acme: exit code 69/);
    const why = JSON.parse((await project.expect(0, 'why', 'p/b', '--json')).stdout) as { code: string; until: string | null };
    assert.equal(why.code, 'pool_throttled');
    assert.ok(Date.parse(why.until ?? '') > Date.now());
    await project.expect(0, 'pools', 'enable', 'second');
    await until('all is done', async () => (await project.watch().count('TaskCompleted')) === 3);
    const [ended] = of(await project.events(), 'PoolUnthrottled');
    assert.match(ended?.actor ?? '', /^cli:/);
    second.signal('SIGTERM');
    await second.end();
  }));

  test('by a pattern of its output, while another pool takes the task', inProject(SHARED, async (project) => {
    const command = ['sh', '-c', '[ "$POOL_NAME" = free ] || { echo "HTTP 429: Too Many Requests"; exit 1; }'];
    const file = await project.plan('p', [{ id: 'a', required_skill: 'any', command, retry: { max_attempts: 1, throttled_output: 'http 429|rate.?limit' } }]);
    await project.expect(0, 'run', file);
    const events = await project.events();
    assert.deepEqual(of(events, 'TaskAssigned').map(({ pool }) => pool), ['first', 'free']);
    assert.match(String(of(events, 'PoolThrottled')[0]?.details['reason']), /HTTP 429: Too Many Requests.*throttled_output/);
  }));
});

describe('classes of ends', { concurrency: 2 }, () => {
  test('by exit code and output, of pool and task, under what the runner itself says', inProject(
    { rest: { agent_pools: { local: { type: 'local-process', retry: { permanent_exit_codes: [2], permanent_output: 'out of credit', retryable_exit_codes: [78] } } } } },
    async (project) => {
      const said = (result: string) => `printf '%s' '${result}' > "$RUN_DIR/r" && mv "$RUN_DIR/r" "$RUN_DIR/result.json"; exit 2`;
      const file = await project.plan('p', [
        { id: 'code', command: ['sh', '-c', 'exit 2'] },
        { id: 'output', command: ['sh', '-c', 'echo "Sorry: OUT OF CREDIT"; exit 1'] },
        { id: 'again', command: ['sh', '-c', '[ "$ATTEMPT" = 2 ] || exit 78'] },
        { id: 'task', command: ['sh', '-c', '[ "$ATTEMPT" = 2 ] || exit 2'], retry: { permanent_exit_codes: [3] } },
        { id: 'result', command: ['sh', '-c', `[ "$ATTEMPT" = 2 ] || { ${said('{"status":"failed","reason":"a hiccup"}')}; }`] },
      ]);
      await project.expect(1, 'run', file);
      const rows = (await project.tasks()).map(({ id, state, attempts, reason }) => [id, state, attempts, reason]);
      assert.deepEqual(rows, [
        ['code', 'failed', 1, 'exit code 2 (permanent_exit_codes)'],
        ['output', 'failed', 1, 'output "Sorry: OUT OF CREDIT" (permanent_output)'],
        ['again', 'done', 2, null],
        ['task', 'done', 2, null],
        ['result', 'done', 2, null],
      ]);
    },
  ));

  test('a pattern that cannot be read is refused in one line', inProject(
    { rest: { agent_pools: { local: { type: 'local-process', retry: { throttled_output: '(?=x)' } } } } },
    async (project) => {
      const { stderr } = await project.expect(2, 'validate');
      assert.match(stderr, /throttled_output.*known only as "\(\?:"/);
    },
  ));
});
