import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readMarkdownPlan } from '../../../src/importers/markdown/read-plan.ts';
import { goldenOf } from './golden.ts';

const folder = join(import.meta.dirname, 'corpus');
const plans = readdirSync(folder).filter((name) => name.endsWith('.md'));

describe('plans as people write them', () => {
  it('are there in plenty', () => assert.ok(plans.length >= 30, `${plans.length} plans`));

  for (const name of plans) {
    it(`${name} reads as it is meant`, () => {
      const golden: unknown = JSON.parse(readFileSync(join(folder, name.replace(/\.md$/, '.json')), 'utf8'));
      assert.deepEqual(goldenOf(readFileSync(join(folder, name), 'utf8')), golden);
    });
  }
});

describe('the plan of seventeen groups', () => {
  const text = readFileSync(join(folder, 'seventeen-groups-ja.md'), 'utf8');
  const plan = readMarkdownPlan(text);
  assert.ok(plan.ok);
  const { tasks, findings, boxes } = plan.value;

  it('loses no box', () => {
    assert.equal(boxes.length, text.split('\n').filter((line) => /^\s*- \[ \]/.test(line)).length);
    assert.deepEqual(findings, []);
  });

  it('has its groups, requirements and optional tests', () => {
    assert.equal(tasks.filter(({ metadata }) => metadata['parent'] === undefined).length, 17);
    assert.equal(tasks.filter(({ optional }) => optional).length, 6);
    for (const task of tasks.filter(({ group, metadata }) => !group && metadata['parent'] !== undefined)) {
      const { requirements } = task.metadata;
      assert.ok(Array.isArray(requirements) && requirements.length > 0, `${task.id} has no requirements`);
    }
  });

  it('goes from one group to the next', () => {
    const firsts = tasks.filter(({ id }) => /^\d+\.1$/.test(id)).map(({ id, dependencies }) => [id, dependencies]);
    for (const [id, dependencies] of firsts) {
      const before = Number.parseInt(String(id), 10) - 1;
      assert.deepEqual(dependencies, before === 0 ? [] : [String(before)], String(id));
    }
  });
});
