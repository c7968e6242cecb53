import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inProject, type Project, type WrittenTask } from './project.ts';

interface Finding {
  readonly kind: string;
  readonly cause: string | null;
  readonly path: readonly string[];
  readonly held_up: number;
  readonly tasks: readonly string[];
  readonly resolve: readonly string[];
}

interface Report {
  readonly deadlocks: readonly Finding[];
  readonly stuck: number;
}

const deadlocks = async (project: Project): Promise<Report> =>
  JSON.parse((await project.expect(0, 'deadlocks', '--json')).stdout) as Report;

const OK = ['true'];
const TANGLE: readonly WrittenTask[] = [
  { id: 'bad', command: ['false'], retry: { max_attempts: 1 } },
  { id: 'after-bad', command: OK, dependencies: ['bad'] },
  { id: 'last', command: OK, dependencies: ['after-bad'] },
  { id: 'x', command: OK, dependencies: ['y'] },
  { id: 'y', command: OK, dependencies: ['x'] },
  { id: 'orphan', command: OK, dependencies: ['elsewhere/thing'] },
  { id: 'odd', command: OK, required_skill: 'cobol' },
];

const told = ({ deadlocks: found }: Report): readonly string[] =>
  found.map(({ kind, path, held_up: count, tasks }) => `${kind} ${path.join('>')} ${count}: ${tasks.join(' ')}`).toSorted();

const EXPECTED = [
  'cycle p/x>p/y>p/x 2: p/x p/y',
  'failed p/bad 2: p/after-bad p/last',
  'missing elsewhere/thing 1: p/orphan',
  'no_pool_for_skill  1: p/odd',
];

describe('deadlocks', { concurrency: 2 }, () => {
  test('are refused, found, told, recorded and resolved by the commands they name', inProject(
    { dispatcher: { strict_skills: true, deadlock_detection: { check_interval: '300ms' } } },
    async (project) => {
      const plan = await project.plan('p', TANGLE);
      assert.match((await project.expect(2, 'submit', plan)).stderr, /x → y → x|x -> y -> x|p\/x.*p\/y/);
      const start = project.begin('start');
      const { url } = await project.endpoint(start);
      await project.expect(0, 'submit', plan, '--force');
      await start.prints('tasks wait for each other: p/x → p/y → p/x; 2 tasks held up; for instance: dispatcher task drop-dependency p/x p/y');
      await start.prints('p/bad failed, and 2 tasks wait for it');
      const report = await deadlocks(project);
      assert.deepEqual(told(report), EXPECTED);
      assert.equal(report.stuck, 5);
      assert.deepEqual(await (await fetch(`${url}/api/v1/deadlocks`)).json(), report);
      const few = (await (await fetch(`${url}/api/v1/deadlocks?names=1`)).json()) as Report;
      assert.deepEqual(few.deadlocks.find(({ kind }) => kind === 'failed')?.tasks, ['p/after-bad']);
      const text = (await project.expect(1, 'deadlocks', '--check')).stdout;
      assert.match(text, /failed: p\/bad failed, and 2 tasks wait for it\n {4}held up: p\/after-bad, p\/last\n {4}resolve: dispatcher task retry p\/bad\n {9}or: dispatcher task skip p\/bad\n/);
      assert.match(text, /4 reasons; 5 blocked tasks cannot go on until a person does something\n$/);
      const status = (await project.expect(0, 'status')).stdout;
      assert.match(status, /^6 waiting: 5 stuck, 1 stuck: no pool for the skill "cobol"\n/m);
      for (const { kind, resolve } of report.deadlocks) {
        const mend = kind === 'failed' ? resolve[1] : resolve[0];
        assert.match(mend ?? '', /^dispatcher task /, kind);
        await project.expect(0, ...(mend ?? '').split(' ').slice(1));
      }
      await start.prints('resolved');
      await start.until('nothing is stuck any more', async () => (await deadlocks(project)).deadlocks.length === 0);
      assert.match((await project.expect(0, 'deadlocks', '--check')).stdout, /^nothing is stuck: every task that waits can still go on\n$/);
      await start.until('all that was resolved is on record', async () => (await project.events()).filter(({ type }) => type === 'DeadlockResolved').length === 4);
      const states = await project.states();
      assert.deepEqual([states['p/x'], states['p/orphan'], states['p/odd']], ['done', 'done', 'skipped']);
      start.signal('SIGTERM');
      assert.equal((await start.end()).code, 0);
      const events = (await project.events()).filter(({ type }) => type === 'DeadlockDetected');
      const kinds = events.map(({ details }) => String(details['kind'])).toSorted();
      assert.deepEqual([...new Set(kinds)], ['cycle', 'failed', 'missing', 'no_pool_for_skill']);
      const failed = events.find(({ details }) => details['kind'] === 'failed');
      assert.deepEqual([failed?.spec, failed?.task_id, failed?.actor], ['p', 'bad', 'dispatcher']);
    },
  ));

  test('are found without a dispatcher, and a run over them ends at once with what is stuck', inProject(
    { dispatcher: { strict_skills: true } },
    async (project) => {
      await project.expect(0, 'submit', await project.plan('p', TANGLE), '--force');
      const before = await deadlocks(project);
      assert.deepEqual(told(before), EXPECTED.filter((line) => !line.startsWith('failed')));
      assert.match((await project.expect(0, 'status')).stdout, /^7 waiting: 3 stuck, 2 for a dispatcher to be started, 2 for other tasks\n/m);
      const ended = await project.expect(1, 'run', await project.plan('p', TANGLE), '--force');
      assert.match(ended.stdout, /p\/x: waits for p\/y/);
      assert.deepEqual(told(await deadlocks(project)), EXPECTED);
      const disabled = { local: { type: 'local-process', max_concurrency: 1, enabled: false } };
      await project.configure({ rest: { agent_pools: disabled } });
      const shut = (await deadlocks(project)).deadlocks.find(({ kind }) => kind === 'pools_disabled');
      assert.equal(shut?.resolve[0], 'dispatcher pools enable local');
    },
  ));
});
