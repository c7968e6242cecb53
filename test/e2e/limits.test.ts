import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { inProject, type Project } from './project.ts';

/** Marks its time on the machine's own clock: begin and end in ns, in a file of its own. */
const stamping = (project: Project): readonly string[] => [
  'sh', '-c', 'b=$(date +%s%N); sleep 0.1; echo "$b $(date +%s%N)" > "$1/$TASK_ID.time"', 'sh', project.root,
];

/** Most of these tasks at the same instant, by what they wrote themselves. */
const overlap = (project: Project, prefix: string): number => {
  const moments = readdirSync(project.root)
    .filter((name) => name.startsWith(prefix) && name.endsWith('.time'))
    .flatMap((name) => {
      const [begin = 0n, end = 0n] = readFileSync(project.path(name), 'utf8').trim().split(' ').map(BigInt);
      return [{ at: begin, step: 1 }, { at: end, step: -1 }];
    })
    .toSorted((a, b) => (a.at === b.at ? a.step - b.step : a.at < b.at ? -1 : 1));
  let now = 0;
  return Math.max(0, ...moments.map(({ step }) => (now += step)));
};

const several = (project: Project, prefix: string, count: number, more: Readonly<Record<string, unknown>> = {}) =>
  Array.from({ length: count }, (_, i) => ({ id: `${prefix}${i}`, command: stamping(project), ...more }));

const CONFIGURATION = {
  rest: {
    agent_pools: { local: { type: 'local-process', max_concurrency: 8 }, counted: { type: 'local-process', cpu_quota: 2, skills: ['counting'] } },
    skill_mapping: { default: ['local'] },
    concurrency_keys: { database: 2 },
  },
};

describe('limits', { concurrency: 4 }, () => {
  test('of keys, of quotas and of the whole are never exceeded', inProject(CONFIGURATION, async (project) => {
    const file = await project.plan('p', [
      ...several(project, 'one', 4, { concurrency_key: 'lock' }),
      ...several(project, 'two', 6, { concurrency_key: 'database' }),
      ...several(project, 'cpu', 6, { required_skill: 'counting', resources: { cpu: '800m' } }),
      ...several(project, 'any', 24),
    ]);
    await project.expect(0, 'run', file);
    assert.equal(overlap(project, 'one'), 1);
    assert.ok(overlap(project, 'two') <= 2, `two: ${overlap(project, 'two')}`);
    assert.ok(overlap(project, 'cpu') <= 2, `cpu: ${overlap(project, 'cpu')}`);
    assert.ok(overlap(project, '') <= 8, `all: ${overlap(project, '')}`);
    assert.ok(overlap(project, 'any') > 1, 'others run beside each other');
  }));

  test('of a set count for that set alone', inProject({}, async (project) => {
    await project.expect(0, 'submit', await project.plan('narrow', several(project, 'narrow', 6), { max_concurrency: 2 }));
    await project.expect(0, 'submit', await project.plan('wide', several(project, 'wide', 12)));
    await project.expect(0, 'start', '--until-idle');
    assert.ok(overlap(project, 'narrow') <= 2);
    assert.ok(overlap(project, 'wide') > 2);
  }));
});

describe('a task that no pool can take', { concurrency: 4 }, () => {
  test('for its skill or its size is warned of, and holds up nobody', inProject(
    { ...CONFIGURATION, dispatcher: { strict_skills: true } },
    async (project) => {
      const file = await project.plan('p', [
        { id: 'skill', priority: 9, required_skill: 'juggling', command: ['true'] },
        { id: 'size', priority: 9, required_skill: 'counting', resources: { cpu: 64 }, command: ['true'] },
        { id: 'after', dependencies: ['skill'], command: ['true'] },
        { id: 'other', command: ['true'] },
      ]);
      const run = await project.expect(1, 'run', file);
      assert.match(run.stdout, /^warning +p\/skill cannot be placed: no pool for the skill "juggling"/m);
      assert.match(run.stdout, /^warning +p\/size cannot be placed: larger than the quota/m);
      assert.match(run.stdout, /^ready +p\/skill: no pool for the skill "juggling"/m);
      const rows = new Map((await project.tasks()).map((row) => [row.id, row]));
      assert.deepEqual([...rows.values()].map(({ id, state }) => [id, state]), [
        ['skill', 'ready'], ['size', 'ready'], ['after', 'blocked'], ['other', 'done'],
      ]);
      assert.match(rows.get('skill')?.reason ?? '', /^no pool for the skill "juggling"/);
      assert.match(rows.get('size')?.reason ?? '', /^larger than the quota of every pool/);
      assert.equal((await project.show('p/skill')).reason, rows.get('skill')?.reason);
      const events = (await project.events()).filter(({ type }) => type === 'TaskUnplaceable');
      assert.deepEqual(new Set(events.map(({ task_id: id }) => id)), new Set(['size', 'skill']));
      assert.equal(events.length, 2);
      const validated = await project.expect(0, 'validate', file);
      assert.match(validated.stderr, /^warning: p: no pool for the skill "juggling".*$/m);
    },
  ));
});
