import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatInputErrors } from '../../../src/config/input-error.ts';
import { loadPlan, loadTaskSet } from '../../../src/config/load-task-set.ts';

const linesOf = (text: string, name: string): readonly string[] => {
  const set = loadTaskSet({ text, name });
  assert.ok(!set.ok);
  return formatInputErrors(set.error);
};

describe('the name of a Markdown plan', () => {
  const names: readonly (readonly [file: string, name: string])[] = [
    ['/a/.kiro/specs/chat-app/tasks.md', 'chat-app'],
    ['shop/tasks.md', 'shop'],
    ['shop/TASKS.markdown', 'shop'],
    ['shop/plan.md', 'plan'],
    ['/a/My plan.v2.md', 'My plan.v2'],
    ['/tasks.md', 'tasks'],
    ['/a/ b\u0007c .md', 'b-c'],
    ['/a/...md', 'plan'],
    [`/a/${'😀'.repeat(120)}.md`, '😀'.repeat(50)],
  ];
  for (const [file, name] of names) {
    it(`${JSON.stringify(file.slice(0, 40))} is ${name.slice(0, 20)}`, () => {
      const set = loadTaskSet({ text: '# Implementation Plan: X\n\n- [ ] 1. A\n', name: file });
      assert.ok(set.ok);
      assert.equal(set.value.name, name);
    });
  }
});

describe('a Markdown plan as a task set', () => {
  it('has tasks of the pool\'s command, parents and done ones', () => {
    const plan = loadPlan({ text: '- [x] 1. A\n  - [x] 1.1 B\n- [ ]* 2. C\n  - detail\n', name: 'p.md' });
    assert.ok(plan.ok);
    const { set, lines, boxes } = plan.value;
    assert.deepEqual(set.done, ['1', '1.1']);
    assert.deepEqual(set.tasks.map(({ id, group, optional, command, dependencies, description }) => [id, group, optional, command, dependencies, description]), [
      ['1', true, false, null, ['p/1.1'], ''],
      ['1.1', false, false, null, [], ''],
      ['2', false, true, null, ['p/1'], '- detail'],
    ]);
    assert.deepEqual([...lines()], [['1', 1], ['1.1', 2], ['2', 3]]);
    assert.equal(boxes?.length, 3);
  });

  it('is refused with the circle it waits in, and its line; not with force', () => {
    const text = '# P\n- [ ] 1. A\n  - _Depends: 2_\n- [ ] 2. B\n  - _Depends: 1_\n';
    assert.deepEqual(linesOf(text, 'p.md'), ['p.md:2: these tasks wait for each other: 1 → 2 → 1; expected no cycle; drop one of these dependencies']);
    assert.ok(loadTaskSet({ text, name: 'p.md' }, { force: true }).ok);
  });

  it('is refused with a dependency on itself', () => {
    assert.match(linesOf('- [ ] 1. A\n  - _Depends: 1_\n', 'p.md')[0] ?? '', /^p\.md:1: task "1" depends on itself/);
  });
});

describe('done, in YAML', () => {
  it('lists what needs not be run', () => {
    const set = loadTaskSet({ text: 'name: s\ntasks: [{ id: a }, { id: b }]\ndone: [a]\n', name: 's.yaml' });
    assert.ok(set.ok);
    assert.deepEqual(set.value.done, ['a']);
  });

  it('names tasks of the set only', () => {
    assert.deepEqual(linesOf('name: s\ntasks:\n  - id: a\ndone: [a, c]\n', 's.yaml'), [
      's.yaml:4: done[1]: no task of this set has the id "c"; expected one of its ids; take it out',
    ]);
  });
});
