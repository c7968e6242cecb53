import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kindsOf, orderOf, planOf, taskOf } from './reading.ts';

const parents = (...lines: readonly string[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(planOf(lines).tasks.map(({ id, metadata }) => [id, metadata['parent'] ?? null]));

describe('what stands below what', () => {
  it('is said by the indentation', () => {
    assert.deepEqual(parents('- [ ] A', '  - [ ] B', '    - [ ] C', '  - [ ] D', '- [ ] E'), {
      a: null, 'a.b': 'a', 'a.b.c': 'a.b', 'a.d': 'a', e: null,
    });
  });

  it('is said by the number where children stand flush, also after a heading', () => {
    assert.deepEqual(parents('- [ ] 1. A', '- [ ] 1.1 B', '', '---', '', '- [ ] 2. C', '## More', '- [ ] 2.1 D'), {
      1: null, 1.1: '1', 2: null, 2.1: '2',
    });
  });

  it('is said by the number where the indentation says otherwise, and that is told', () => {
    assert.deepEqual(parents('- [ ] 1. A', '  - [ ] 1.1 B', '    - [ ] 1.2 C'), { 1: null, 1.1: '1', 1.2: '1' });
    assert.deepEqual(kindsOf(['- [ ] 1. A', '  - [ ] 1.1 B', '    - [ ] 1.2 C']), [[3, 'number']]);
  });

  it('is one to the right by two columns or more', () => {
    assert.deepEqual(parents('- [ ] A', ' - [ ] B', '   - [ ] C', '\t- [ ] D'), { a: null, b: null, 'b.c': 'b', 'b.d': 'b' });
  });

  it('goes through bullets without a box', () => {
    assert.deepEqual(parents('- [ ] A', '  - detail', '    - [ ] B', '- plain', '  - [ ] C'), { a: null, 'a.b': 'a', c: null });
  });

  it('counts numbers that begin anew as parts of the parent', () => {
    const { tasks } = planOf(['- [ ] 1. A', '  - [ ] 1. B', '  - [ ] 2. C', '- [ ] 2. D']);
    assert.deepEqual(tasks.map(({ id }) => id), ['1', '1.1', '1.2', '2']);
  });

  it('ends at a depth that nobody reads', () => {
    const lines = Array.from({ length: 70 }, (_, i) => `${'  '.repeat(i)}- [ ] t${i}`);
    const plan = planOf(lines);
    assert.equal(plan.tasks.length, 70);
    assert.equal(plan.findings.filter(({ kind }) => kind === 'depth').length, 20);
  });
});

describe('the part of the file that counts', () => {
  for (const title of ['Tasks', '2. Tasks:', 'タスク', 'Задачи', '任务', 'Tareas', '✅ Tasks']) {
    it(`is the section "${title}" where there is one`, () => {
      const lines = ['# P', '- [ ] before', `## ${title}`, '### Group', '- [ ] 1. A', '## Notes', '- [ ] after'];
      assert.deepEqual(planOf(lines).tasks.map(({ id }) => id), ['1']);
      assert.deepEqual(kindsOf(lines), [[2, 'box-outside'], [7, 'box-outside']]);
    });
  }

  it('is everything where that section has no box', () => {
    assert.deepEqual(planOf(['## Tasks', 'See below.', '## Phase 1', '- [ ] 1. A']).tasks.map(({ id }) => id), ['1']);
  });

  it('is not code, comments, quotations or front matter', () => {
    const hidden = ['---', 'a: "- [ ] b"', '---', '```', '- [ ] b', '```', '~~~~', '```', '- [ ] b', '~~~~', '<!--', '- [ ] b', '-->', '> - [ ] b'];
    assert.equal(taskOf(...hidden, '- [ ] 1. A').id, '1');
    assert.deepEqual(kindsOf([...hidden, '- [ ] 1. A']), []);
  });

  it('tells of boxes that a fence or comment without an end swallows', () => {
    assert.deepEqual(kindsOf(['- [ ] 1. A', '```', '- [ ] 2. B']), [[2, 'unclosed-block'], [3, 'box-in-code']]);
    assert.deepEqual(kindsOf(['- [ ] 1. A', '<!-- x', '- [ ] 2. B']), [[2, 'unclosed-block'], [3, 'box-in-code']]);
  });

  it('tells of boxes in indented code', () => {
    assert.deepEqual(kindsOf(['- [ ] 1. A', '', '# B', '', '    - [ ] 2. C']), [[5, 'box-in-code']]);
  });
});

describe('headings', () => {
  it('with the number of the boxes below them are parents', () => {
    assert.deepEqual(orderOf(['## 1. A', '- [ ] 1.1 B', '## 2. C', '- [ ] D']), { 1: ['1.1'], 1.1: [], 2: ['2.d'], '2.d': ['1'] });
  });

  it('are only headings where a box has that number, or the boxes have others', () => {
    assert.deepEqual(Object.keys(orderOf(['## 1. A', '- [ ] 1. B', '## 2. C', '- [ ] 5. D'])), ['1', '5']);
  });

  it('stand in the metadata, but for the title and the one over the tasks', () => {
    const { tasks } = planOf(['# P', '## Tasks', '### Server', '- [ ] 1. A']);
    assert.deepEqual(tasks[0]?.metadata, { headings: ['Server'] });
  });
});

describe('what stands below a box', () => {
  const task = taskOf('- [ ] 1. A', '  - one', '    - two', '', '  ```', '  code', '  ```', '  - _Requirements: 1.1, FR-2_', '', 'Elsewhere.');

  it('is its description, less the indentation', () => {
    assert.equal(task.description, '- one\n  - two\n\n```\ncode\n```\n- _Requirements: 1.1, FR-2_');
  });

  const requirements: readonly (readonly [string, readonly string[]])[] = [
    ['_Requirements: 1.1, 1.2_', ['1.1', '1.2']],
    ['- _要件: 1.1、1.2_', ['1.1', '1.2']],
    ['- _要件：1.1_', ['1.1']],
    ['_Требования: 3.1_', ['3.1']],
    ['*Requisitos: 3.1*', ['3.1']],
    ['_Vaatimukset: 1.1, 2.3_', ['1.1', '2.3']],
    ['**Validates: Requirements 2.1, 2.2**', ['2.1', '2.2']],
    ['**検証: 要件 5.1**', ['5.1']],
    ['_Requirements: all of them_', ['all of them']],
    ['_Requirements: 2.1-2.6, 3.2 (Design §2)_', ['2.1-2.6', '3.2 (Design §2)']],
  ];
  for (const [line, ids] of requirements) {
    it(`refers to requirements, and waits for none: ${line}`, () => {
      const { metadata, dependencies } = planOf(['- [ ] 1.1 B', '- [ ] 1.2 A', `  ${line}`]).tasks[1] ?? taskOf();
      assert.deepEqual(metadata['requirements'], ids);
      assert.deepEqual(dependencies, ['1.1']);
    });
  }

  it('keeps other references by their word', () => {
    assert.deepEqual(taskOf('- [ ] 1. A', '  - _Boundary: src/server_').metadata, { references: { Boundary: 'src/server' } });
  });

  it('has no line among its metadata: an insertion above changes no task', () => {
    const lines = ['- [ ] 1. A', '  - detail', '- [ ] 2. B'];
    const without = ({ line: _line, ...rest }: ReturnType<typeof taskOf>) => rest;
    assert.deepEqual(planOf(['# Title', '', ...lines]).tasks.map(without), planOf(lines).tasks.map(without));
  });
});
