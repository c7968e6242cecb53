import assert from 'node:assert/strict';
import { chmodSync, statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { inProject, type Project, type Settings } from './project.ts';

const planSchema = z.object({
  tasks: z.array(
    z.looseObject({
      id: z.string(),
      title: z.string(),
      dependencies: z.array(z.string()),
      pool: z.string().nullable(),
      starts_after: z.array(z.string()),
      optional: z.boolean(),
    }),
  ),
  findings: z.array(z.strictObject({ line: z.number(), kind: z.string(), text: z.string() })),
});

/** A pool whose command stands in for an agent: it writes down what it was given. */
const agent = (script: string): Settings => ({
  rest: { agent_pools: { local: { type: 'local-process', max_concurrency: 4, config: { command: ['sh', '-c', script] } } } },
});
const NOTES = agent('echo "$TASK_ID" >> "$HOME/order"; cat "$TASK_CONTEXT_FILE" >> "$HOME/context"');

const PLAN = `# Implementation Plan

## Tasks

- [x] 1. Set up
  - [x] 1.1 Folders
- [ ] 2. Build
  - [ ] 2.1 Parser
    - Reads a line
    - _Requirements: 1.1, 1.2_
  - [ ]* 2.2 Tests
- [ ] 3. Checkpoint
- [] 4. Malformed
- [ ] 5. Ship
`;

const planJson = async (project: Project, ...args: readonly string[]) =>
  planSchema.parse(JSON.parse((await project.expect(0, 'plan', ...args, '--json')).stdout));

describe('dispatcher plan', () => {
  it('shows a Markdown plan, runs nothing and writes nothing', inProject(NOTES, async (project) => {
    await project.write('shop/tasks.md', PLAN);
    const { stdout } = await project.expect(0, 'plan', 'shop/tasks.md');
    assert.match(stdout, /^shop {2}5 tasks below 2 parents, 1 done already, 1 optional; 5 steps, at most 1 tasks at once$/m);
    assert.match(stdout, /^2 +2\.1 +Parser +1\.1 +local$/m);
    assert.match(stdout, /^3 +2\.2 +Tests +2\.1 +local +optional$/m);
    assert.match(stdout, /^shop\/tasks\.md:13: "- \[\] 4\. Malformed" is no box/m);
    assert.deepEqual([project.has('.dispatcher'), project.has('order')], [false, false]);
    assert.equal(project.read('shop/tasks.md'), PLAN);
  }));

  it('says the same in JSON', inProject(NOTES, async (project) => {
    await project.write('shop/tasks.md', PLAN);
    const { tasks, findings } = await planJson(project, 'shop/tasks.md');
    const rows = tasks.map(({ id, dependencies, pool, starts_after: after, optional }) => ({ id, dependencies, pool, after, optional }));
    assert.deepEqual(rows.filter(({ pool }) => pool !== null), [
      { id: '1.1', dependencies: [], pool: 'local', after: [], optional: false },
      { id: '2.1', dependencies: ['1'], pool: 'local', after: ['1.1'], optional: false },
      { id: '2.2', dependencies: ['2.1'], pool: 'local', after: ['2.1'], optional: true },
      { id: '3', dependencies: ['2'], pool: 'local', after: ['2.2'], optional: false },
      { id: '5', dependencies: ['3'], pool: 'local', after: ['3'], optional: false },
    ]);
    assert.deepEqual(findings.map(({ line, kind }) => [line, kind]), [[13, 'malformed-box']]);
  }));

  it('reads task sets in YAML, too, and tells of tasks that no pool could run', inProject({}, async (project) => {
    await project.write('set.yaml', 'name: set\ntasks:\n  - { id: a, command: ["true"] }\n  - id: b\n    dependencies: [a]\n');
    const { tasks, findings } = await planJson(project, 'set.yaml');
    assert.deepEqual(tasks.map(({ id, starts_after: after }) => [id, after]), [['a', []], ['b', ['a']]]);
    assert.deepEqual(findings.map(({ line, kind }) => [line, kind]), [[4, 'unplaceable']]);
  }));

  it('needs no configuration', inProject({}, async (project) => {
    await project.write('alone/plan.md', '- [ ] 1. A\n');
    const { stdout } = await project.spawn(process.execPath, [`${import.meta.dirname}/../../src/cli/bin.js`, 'plan', 'plan.md', '--json'], { cwd: project.path('alone') }).end();
    assert.deepEqual(planSchema.parse(JSON.parse(stdout)).tasks.map(({ id }) => id), ['1']);
    assert.equal(project.has('alone', '.dispatcher'), false);
  }));

  it('refuses what it cannot read in one line', inProject({}, async (project) => {
    await project.write('circle.md', '- [ ] 1. A\n  - _Depends: 2_\n- [ ] 2. B\n  - _Depends: 1_\n');
    await project.write('binary.md', Uint8Array.of(0x2d, 0x20, 0xff));
    await project.write('empty.md', '');
    const refusals = [
      ['circle.md', /^error: circle\.md:1: these tasks wait for each other: 1 → 2 → 1; expected no cycle; .*\n$/],
      ['binary.md', /^error: binary\.md: is not text in UTF-8 .*\n$/],
      ['empty.md', /^error: empty\.md: has no box; .*\n$/],
      ['none.md', /^error: none\.md: there is no such file; .*\n$/],
    ] as const;
    for (const [file, message] of refusals) assert.match((await project.expect(2, 'plan', file)).stderr, message);
    await project.expect(0, 'plan', 'circle.md', '--force');
  }));

  it('takes --parallel and --sync for Markdown only', inProject({}, async (project) => {
    await project.write('set.yaml', 'name: set\ntasks: [{ id: a, command: ["true"] }]\n');
    await project.write('plan.md', '- [ ] 1. A\n- [ ] 2. B\n');
    const { tasks } = await planJson(project, 'plan.md', '--parallel');
    assert.deepEqual(tasks.map(({ dependencies }) => dependencies), [[], []]);
    assert.match((await project.expect(2, 'plan', 'set.yaml', '--parallel')).stderr, /--parallel is for Markdown plans/);
    assert.match((await project.expect(2, 'run', 'set.yaml', '--sync')).stderr, /--sync ticks the boxes of a Markdown plan/);
  }));
});

describe('dispatcher run with a Markdown plan', () => {
  it('works through it in its order by the command of the pool, and runs neither parents nor ticked tasks', inProject(NOTES, async (project) => {
    await project.write('shop/tasks.md', PLAN);
    const { stderr } = await project.expect(0, 'run', 'shop/tasks.md');
    assert.match(stderr, /shop\/tasks\.md:13: "- \[\] 4\. Malformed" is no box/);
    assert.equal(project.read('order'), '2.1\n2.2\n3\n5\n');
    assert.match(project.read('context'), /"requirements":\["1\.1","1\.2"\]/);
    assert.match(project.read('context'), /Reads a line/);
    const states = await project.states();
    assert.deepEqual(new Set(Object.values(states)), new Set(['done']));
    assert.equal(project.read('shop/tasks.md'), PLAN);
  }));

  it('resumes when it is submitted again, also with lines inserted above', inProject(NOTES, async (project) => {
    await project.write('shop/tasks.md', PLAN);
    await project.expect(0, 'run', 'shop/tasks.md');
    await project.write('shop/tasks.md', `${PLAN.replace('## Tasks', 'More words.\n\n## Tasks')}- [ ] 6. After that\n`);
    await project.expect(0, 'validate', 'shop/tasks.md');
    await project.expect(0, 'run', 'shop/tasks.md');
    assert.equal(project.read('order'), '2.1\n2.2\n3\n5\n6\n');
  }));

  it('is handed to a live dispatcher as it was read', inProject(NOTES, async (project) => {
    await project.write('shop/tasks.md', PLAN);
    const dispatcher = project.begin('start');
    await dispatcher.prints('API at ');
    await project.expect(0, 'submit', 'shop/tasks.md');
    const { stdout } = await project.expect(0, 'run', 'shop/tasks.md');
    assert.match(stdout, /submitted shop: 7 unchanged/);
    assert.equal(project.read('order'), '2.1\n2.2\n3\n5\n');
    dispatcher.signal('SIGTERM');
    await dispatcher.end();
  }));
});

describe('dispatcher run --sync', () => {
  const CRLF = '\uFEFF# 計画\r\n\r\n- [ ] 1. 準備\r\n\t- [ ] 1.1 型\r\n\t- [~]* 1.2 試験\r\n- [ ] 2. 終わり';

  it('ticks what is done, parents too, and changes nothing else', inProject(NOTES, async (project) => {
    const path = await project.write('plan.md', CRLF);
    chmodSync(path, 0o640);
    await project.expect(0, 'run', 'plan.md', '--sync');
    assert.equal(project.read('plan.md'), CRLF.replaceAll(/\[[ ~]\]/g, '[x]'));
    assert.equal(statSync(path).mode & 0o777, 0o640);
    await project.expect(0, 'run', 'plan.md', '--sync');
    assert.equal(project.read('plan.md'), CRLF.replaceAll(/\[[ ~]\]/g, '[x]'));
  }));

  const WAITS = agent('if [ "$TASK_ID" = 1 ]; then while [ ! -e "$HOME/go" ]; do sleep 0.02; done; fi; [ "$TASK_ID" != 2 ] || exit 78');

  it('shows what runs, opens what failed, and survives that a person edits the file', inProject(WAITS, async (project) => {
    await project.write('plan.md', '- [ ] 1. One\n- [ ] 2. Two\n- [ ] 3. Three\n');
    const run = project.begin('run', 'plan.md', '--sync');
    await run.until('the box shows that it runs', () => project.read('plan.md').startsWith('- [-] 1. One\n'));
    await project.write('plan.md', '# By hand\n\n- [ ] 0. New\n- [-] 1. One\n  - a note\n- [ ] 2. Two\n- [ ] 3. Other\n');
    await project.write('go', '');
    assert.equal((await run.end()).code, 1);
    assert.equal(project.read('plan.md'), '# By hand\n\n- [ ] 0. New\n- [x] 1. One\n  - a note\n- [ ] 2. Two\n- [ ] 3. Other\n');
  }));

  it('leaves a box alone that cannot be told for certain, and says so', inProject(WAITS, async (project) => {
    await project.write('plan.md', '- [ ] 1. One\n- [ ] 4. Four\n');
    const run = project.begin('run', 'plan.md', '--sync');
    await run.until('the box shows that it runs', () => project.read('plan.md').startsWith('- [-] 1. One\n'));
    await project.write('plan.md', '- [ ] 1. Something else\n- [ ] 4. Four\n');
    await project.write('go', '');
    const { code, stderr } = await run.end();
    assert.equal(code, 0, stderr);
    assert.equal(project.read('plan.md'), '- [ ] 1. Something else\n- [x] 4. Four\n');
    assert.match(stderr, /plan\.md: 1 changed in the file or cannot be told apart; not ticked/);
  }));

  it('works beside a live dispatcher', inProject(WAITS, async (project) => {
    await project.write('plan.md', '- [ ] 1. One\n- [ ] 4. Four\n');
    const dispatcher = project.begin('start');
    await dispatcher.prints('API at ');
    const run = project.begin('run', 'plan.md', '--sync');
    await run.until('the box shows that it runs', () => project.read('plan.md').startsWith('- [-] 1. One\n'));
    await project.write('go', '');
    assert.equal((await run.end()).code, 0);
    assert.equal(project.read('plan.md'), '- [x] 1. One\n- [x] 4. Four\n');
    dispatcher.signal('SIGTERM');
    await dispatcher.end();
  }));
});
