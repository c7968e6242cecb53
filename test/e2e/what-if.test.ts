import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inProject, type Project } from './project.ts';

interface Variant {
  readonly policy: string;
  readonly makespan_ms: { readonly p10: number; readonly p50: number; readonly p90: number };
  readonly pools: readonly { readonly name: string; readonly max_concurrency: number; readonly utilisation: number }[];
  readonly critical_path: { readonly ms: number; readonly tasks: readonly string[] };
  readonly stuck: readonly string[];
  readonly runs: readonly { readonly task: string; readonly start_ms: number; readonly end_ms: number }[];
}

interface Answer {
  readonly samples: number;
  readonly durations: string;
  readonly variants: readonly Variant[];
}

const whatIf = async (project: Project, ...args: readonly string[]): Promise<Answer> =>
  JSON.parse((await project.expect(0, 'simulate', '--json', '--seed', '1', ...args)).stdout) as Answer;

const ONE_AT_A_TIME = { rest: { agent_pools: { local: { type: 'local-process', max_concurrency: 1, config: { command: ['true'] } } } } };

const TASKS = [
  { id: 'setup', priority: -1 },
  { id: 'lint', dependencies: ['setup'], priority: 2 },
  { id: 'build', dependencies: ['setup'], priority: 5 },
  { id: 'docs' },
  { id: 'test', dependencies: ['build'], priority: 1 },
  { id: 'urgent', priority: 9 },
  { id: 'ship', dependencies: ['test', 'lint'] },
];

describe('what if', { concurrency: 2 }, () => {
  test('the order of starts that is foretold for one slot is the real one', inProject(ONE_AT_A_TIME, async (project) => {
    const plan = await project.plan('p', TASKS);
    const { variants: [foretold] } = await whatIf(project, '--taskset', plan);
    await project.expect(0, 'run', plan);
    const started = (await project.events()).filter(({ type }) => type === 'RunnerStarted').map(({ spec, task_id: id }) => `${spec}/${id}`);
    assert.deepEqual(foretold?.runs.map(({ task }) => task), started);
    assert.equal(started.length, TASKS.length);
    const learnt = await whatIf(project, '--taskset', plan, '--durations', 'learned');
    assert.match(learnt.durations, /^learned from 7 completed attempts at 7 tasks in .*registry\.db: by task, else by pool and skill/);
    assert.equal(learnt.variants[0]?.runs.length, TASKS.length);
  }));

  test('compares policies and pool sizes with the same luck, gives intervals, and draws', inProject(ONE_AT_A_TIME, async (project) => {
    const plan = await project.plan('p', TASKS);
    await project.write('durations.yaml', 'default: 2m\ntasks: { build: { p50: 5m, p90: 20m }, p/test: { min: 1m, mode: 2m, max: 9m } }\n');
    const args = ['--taskset', plan, '--durations', 'durations.yaml', '--policy', 'fifo', '--policy', 'priority', '--pool', 'local=1', '--pool', 'local=3'];
    const answer = await whatIf(project, ...args, '--samples', '20');
    assert.deepEqual(await whatIf(project, ...args, '--samples', '20'), answer, 'the same for the same seed');
    const told = answer.variants.map(({ policy, pools }) => `${policy} ${pools[0]?.max_concurrency}`);
    assert.deepEqual(told, ['fifo 1', 'fifo 3', 'priority 1', 'priority 3']);
    const [fifo, wide, priority] = answer.variants;
    assert.ok(fifo && wide && priority);
    assert.deepEqual(fifo.makespan_ms, priority.makespan_ms, 'one slot does all the work in any order');
    assert.notDeepEqual(fifo.runs.map(({ task }) => task), priority.runs.map(({ task }) => task));
    for (const { makespan_ms: { p10, p50, p90 }, critical_path: { ms } } of answer.variants) assert.ok(p10 < p50 && p50 < p90 && ms <= p50);
    assert.equal(fifo.pools[0]?.utilisation, 1);
    assert.ok((wide.pools[0]?.utilisation ?? 1) < 1);
    const shown = await project.expect(0, 'simulate', ...args, '--seed', '1', '--svg', 'plan.svg');
    assert.match(shown.stdout, /^7 tasks of p; durations: as durations\.yaml has them\nseed 1, 40 runs each: the middle one/);
    assert.match(shown.stdout, /^fifo +local=1 +\d+m\d+s \(\d+m\d*s? to /m);
    assert.match(shown.stdout, /critical path .*: p\/setup → p\/build → p\/test → p\/ship/);
    const svg = project.read('plan.svg');
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" /);
    assert.equal(svg.match(/<title>p\/build/g)?.length, 4, 'a bar in each of four charts');
    assert.equal(project.has('.dispatcher'), false, 'nothing was run, nothing written');
  }));

  test('reads Markdown plans, and says what can never start', inProject(ONE_AT_A_TIME, async (project) => {
    await project.write('tasks.md', '# Plan\n\n- [x] 1. Begin\n- [ ] 2. Go on\n- [ ] 3. End\n');
    const { variants: [markdown] } = await whatIf(project, '--taskset', 'tasks.md');
    assert.deepEqual(markdown?.runs.map(({ start_ms: at }) => at), [0, 60_000]);
    const plan = await project.plan('p', [{ id: 'a', dependencies: ['b'] }, { id: 'b', dependencies: ['a'] }, { id: 'c' }]);
    await project.expect(2, 'simulate', '--taskset', plan);
    const { variants: [tangled] } = await whatIf(project, '--taskset', plan, '--force');
    assert.deepEqual(tangled?.stuck, ['tasks wait for each other: p/a → p/b → p/a; 2 tasks held up']);
  }));

  test('bad input is one line each, with the mend', inProject(ONE_AT_A_TIME, async (project) => {
    const plan = await project.plan('p', TASKS);
    await project.write('bad.yaml', 'default: soon\ntasks:\n  a: { min: 5m, max: 1m }\nskils: {}\n');
    const wrong = await project.expect(2, 'simulate', '--taskset', plan, '--durations', 'bad.yaml');
    assert.match(wrong.stderr, /bad\.yaml:1: default: .*expected a duration such as "5m", \{min, mode, max\}/);
    assert.match(wrong.stderr, /bad\.yaml:3: tasks\.a: is out of order; expected min <= mode <= max/);
    assert.match(wrong.stderr, /bad\.yaml:4: .*"skills"/);
    const refused = async (...args: readonly string[]): Promise<string> => (await project.expect(2, 'simulate', ...args)).stderr;
    assert.match(await refused('--taskset', plan, '--pool', 'locl=2'), /^error: --pool there is no pool "locl"; did you mean "local"\?\n$/);
    assert.match(await refused('--taskset', plan, '--pool', 'local=0'), /expected NAME=N with N from 1/);
    assert.match(await refused('--taskset', plan, '--policy', 'best'), /^error: --policy "best": expected one of fifo, priority, skill-based, fair-share, or the path of a module/);
    assert.match(await refused('--taskset', plan, '--durations', 'learned'), /^error: --durations learned: there is no registry at /);
    assert.match(await refused('--svg', 'x.svg'), /^error: --svg is for --taskset FILE/);
    assert.match(await refused('--taskset', 'none.yaml'), /none\.yaml: there is no such file/);
  }));
});
