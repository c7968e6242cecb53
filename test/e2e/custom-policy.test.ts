import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { inProject } from './project.ts';

const TASKS = ['a', 'b', 'c'].map((id, i) => ({ id, command: ['true'], metadata: { expected_duration: `${30 - i}m` } }));
const ONE_AT_A_TIME = { max_global_concurrency: 1 };

describe('a scheduling policy from a module', { concurrency: 2 }, () => {
  test('decides the order of a run', inProject({ dispatcher: { ...ONE_AT_A_TIME, scheduling_policy: './policy.ts' } }, async (project) => {
    await writeFile(
      project.path('policy.ts'),
      `const of = (task: { expectedMs?: number | null }): number => task.expectedMs ?? 0;
       export default { name: 'short-first', compare: (a: object, b: object): number => of(a) - of(b) };`,
    );
    await project.expect(0, 'run', await project.plan('p', TASKS));
    const starts = (await project.events()).filter(({ type }) => type === 'RunnerStarted');
    assert.deepEqual(starts.map(({ task_id: id }) => id), ['c', 'b', 'a']);
  }));

  test('that is none is one line, and nothing is started', inProject({ dispatcher: { scheduling_policy: './policy.mjs' } }, async (project) => {
    await writeFile(project.path('policy.mjs'), 'export default {};');
    const ended = await project.expect(2, 'run', await project.plan('p', TASKS));
    assert.match(ended.stderr, /policy\.mjs: its default export is no policy: expected an object with name/);
    assert.doesNotMatch(ended.stderr, /\n\s+at /);
  }));
});
