import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readMarkdownPlan } from '../../../src/importers/markdown/read-plan.ts';
import { kindsOf, planOf, taskOf } from './reading.ts';

const marked = (box: string): string => planOf([`${box} 1. A`]).boxes[0]?.mark ?? 'none';

describe('a box', () => {
  it('is open, done, begun or queued', () => {
    assert.deepEqual(['- [ ]', '- [x]', '* [X]', '+ [-]', '1. [~]'].map(marked), ['open', 'done', 'done', 'begun', 'queued']);
  });

  it('is found in the middle of any white space', () => {
    assert.equal(taskOf('  -\t[ ]\t1.\tA  b ').title, 'A b');
  });

  for (const line of ['- [] 1. A', '- [ x ] 1. A', '- [✓] 1. A', '-[ ] 1. A', '[ ] 1. A', '• [ ] 1. A', '- [　] 1. A', '- ［x］ 1. A', '- [/] 1. A', '- [done] 1. A']) {
    it(`that is malformed is told: ${line}`, () => {
      assert.deepEqual(kindsOf(['- [ ] 0. Good', line]), [[2, 'malformed-box']]);
    });
  }

  for (const line of ['- [API] text', '- [a](http://b.c)', '- [x](http://b.c)', '- text [ ] text', '| [ ] | cell |', '- [P1] urgent']) {
    it(`is not seen where there is none: ${line}`, () => {
      assert.deepEqual(kindsOf(['- [ ] 0. Good', line]), []);
      assert.equal(planOf(['- [ ] 0. Good', line]).tasks.length, 1);
    });
  }

  it('without a title is told', () => assert.deepEqual(kindsOf(['- [ ] 1. A', '- [ ]', '- [x]   ']), [[2, 'empty-box'], [3, 'empty-box']]));

  it('with a number only is called by it', () => assert.deepEqual([taskOf('- [ ] 1.2').id, taskOf('- [ ] 1.2').title], ['1.2', '1.2']));

  it('has none beside it: refused in one line', () => {
    const refused = readMarkdownPlan('# Plan\n\nNothing to do.\n');
    assert.ok(!refused.ok && /has no box; expected lines such as/.test(refused.error.message));
    const malformed = readMarkdownPlan('- [] 1. A\n');
    assert.ok(!malformed.ok && malformed.error.line === 1);
  });
});

describe('a number', () => {
  const ids: readonly (readonly [string, string, string])[] = [
    ['1. A', '1', 'A'],
    ['1.1 A', '1.1', 'A'],
    ['1.1. A', '1.1', 'A'],
    ['1.1: A', '1.1', 'A'],
    ['1.2a A', '1.2a', 'A'],
    ['10) A', '10', 'A'],
    ['1．甲', '1', '甲'],
    ['1.1 - A', '1.1', 'A'],
    ['**1.1** A', '1.1', 'A'],
    ['**1.1 A**', '1.1', 'A'],
    ['Task 3: A', '3', 'A'],
    ['タスク2.1：甲', '2.1', '甲'],
    ['T012 A', 'T012', 'A'],
    ['1.10 A', '1.10', 'A'],
    ['1 A', '1', 'A'],
    ['3 retries', '3-retries', '3 retries'],
    ['3.x migration', '3-x-migration', '3.x migration'],
    ['2d canvas', '2d-canvas', '2d canvas'],
    ['S3 bucket', 's3-bucket', 'S3 bucket'],
    ['__init__.py', 'init-py', '__init__.py'],
    ['A', 'a', 'A'],
    ['Größe prüfen', 'größe-prüfen', 'Größe prüfen'],
  ];
  for (const [text, id, title] of ids) {
    it(`${text} is called ${id}`, () => {
      const task = taskOf(`- [ ] ${text}`);
      assert.deepEqual([task.id, task.title], [id, title]);
    });
  }

  it('is made from the title where there is none, and stays when a box is inserted elsewhere', () => {
    const before = planOf(['- [ ] Parser', '  - [ ] Write', '- [ ] Lexer', '  - [ ] Write']);
    const after = planOf(['- [ ] First', '- [ ] Parser', '  - [ ] Write', '  - [ ] Test', '- [ ] Lexer', '  - [ ] Write']);
    const later = new Set(after.tasks.map(({ id }) => id));
    assert.deepEqual(before.tasks.filter(({ id }) => !later.has(id)), []);
  });

  it('that is there twice is told, and both are kept', () => {
    const plan = planOf(['- [ ] 1. A', '- [ ] 1. B', '- [ ] 1. C']);
    assert.deepEqual(plan.tasks.map(({ id }) => id), ['1', '1-2', '1-3']);
    assert.deepEqual(plan.findings.map(({ line, kind }) => [line, kind]), [[2, 'duplicate-id'], [3, 'duplicate-id']]);
  });
});

describe('an optional task', () => {
  for (const box of ['- [ ]* 1.1 A', '- [ ] *1.1 A', '-* [ ] 1.1 A', '- *[ ] 1.1 A', '- [ ] 1.1* A', '- [ ] 1.1.* A', '- [ ] 1.1 A *', '- [ ]\\* 1.1 A']) {
    it(`is marked: ${box}`, () => {
      const { id, title, optional } = taskOf(box);
      assert.deepEqual([id, title, optional], ['1.1', 'A', true]);
    });
  }

  for (const box of ['- [ ] 1.1 *A*', '- [ ] 1.1 **A**', '- [ ] *A*', '- [ ] **1.1 A**', '- [ ] 1.1 A * B']) {
    it(`is not: ${box}`, () => assert.equal(taskOf(box).optional, false));
  }
});

describe('far too much', () => {
  const cases: readonly (readonly [what: string, text: string, message: RegExp])[] = [
    ['boxes', '- [ ] a\n'.repeat(250_001), /^has more than 250,000 boxes; expected fewer; /],
    ['lines', '\n'.repeat(2_000_001), /^has more than 2,000,000 lines; expected fewer; /],
    ['on one line', `- [ ] a\n- [ ] ${'b'.repeat(1_000_001)}`, /^has more than 1,000,000 characters; expected a shorter line; /],
  ];
  for (const [what, text, message] of cases) {
    it(`is refused in one line: ${what}`, () => {
      const plan = readMarkdownPlan(text);
      assert.ok(!plan.ok);
      assert.match(plan.error.message, message);
    });
  }
});
