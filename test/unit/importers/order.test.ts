import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kindsOf, orderOf, planOf } from './reading.ts';

const GROUPS = ['- [ ] 1. A', '  - [ ] 1.1 a', '  - [ ] 1.2 b', '- [ ] 2. B', '  - [ ] 2.1 c', '  - [ ] 2.2 d'];
const graph = (json: unknown): readonly string[] => ['## Task Dependency Graph', '```json', JSON.stringify(json), '```', '## Tasks'];
const flat = (...ids: readonly number[]): readonly string[] => ids.map((id) => `- [ ] ${id}. T${id}`);

describe('the order of the document', () => {
  it('is children in sequence, and groups in sequence', () => {
    assert.deepEqual(orderOf(GROUPS), { 1: ['1.1', '1.2'], 1.1: [], 1.2: ['1.1'], 2: ['2.1', '2.2'], 2.1: ['1'], 2.2: ['2.1'] });
  });

  it('counts for nothing with --parallel', () => {
    assert.deepEqual(orderOf(GROUPS, { parallel: true }), { 1: ['1.1', '1.2'], 1.1: [], 1.2: [], 2: ['2.1', '2.2'], 2.1: [], 2.2: [] });
  });
});

describe('(P)', () => {
  it('puts neighbours side by side, before and after the others', () => {
    assert.deepEqual(orderOf(['- [ ] 1. A', '- [ ] 2. (P) B', '- [ ] 3. C (P)', '- [ ] 4. D']), { 1: [], 2: ['1'], 3: ['1'], 4: ['2', '3'] });
  });

  it('alone changes nothing', () => assert.deepEqual(orderOf(['- [ ] 1. A', '- [ ] 2. (P) B', '- [ ] 3. C']), { 1: [], 2: ['1'], 3: ['2'] }));

  it('on parents puts whole groups side by side', () => {
    const lines = ['- [ ] 1. (P) A', '  - [ ] 1.1 a', '  - [ ] 1.2 b', '- [ ] 2. (P) B', '  - [ ] 2.1 c', '- [ ] 3. C'];
    assert.deepEqual(orderOf(lines), { 1: ['1.1', '1.2'], 1.1: [], 1.2: ['1.1'], 2: ['2.1'], 2.1: [], 3: ['1', '2'] });
  });
});

describe('_Depends_', () => {
  for (const word of ['Depends', 'Depends on', 'depends_on'.replace('_', ' '), 'Dependencies', 'Blocked by', '依存', '依赖', 'Зависит от', 'Depende de', 'Abhängig von']) {
    it(`in the words "${word}" takes the place of the document's order`, () => {
      assert.deepEqual(orderOf([...flat(1, 2), '- [ ] 3. C', `  - _${word}: 1_`, '- [ ] 4. D']), { 1: [], 2: ['1'], 3: ['1'], 4: ['2', '3'] });
    });
  }

  const lists: readonly (readonly [string, readonly string[]])[] = [
    ['1, 2', ['1', '2']],
    ['1、2', ['1', '2']],
    ['1-3', ['1', '2', '3']],
    ['Task 1 and Task 2', ['1', '2']],
    ['タスク1（型定義）', ['1']],
    ['`1`, 2.', ['1', '2']],
    ['none', []],
    ['なし', []],
    ['billing/7', ['billing/7']],
  ];
  for (const [text, expected] of lists) {
    it(`names tasks: ${text}`, () => {
      assert.deepEqual(orderOf([...flat(1, 2, 3), '- [ ] 4. D', `  - _Depends: ${text}_`])['4'], expected);
    });
  }

  it('on a parent holds for what is below it', () => {
    const lines = [...flat(1, 2), '- [ ] 3. C', '  - _Depends: 1_', '  - [ ] 3.1 a', '  - [ ] 3.2 b', '  - [ ] 3.3 c', '    - _Depends: 2_'];
    assert.deepEqual(orderOf(lines), { 1: [], 2: ['1'], 3: ['3.1', '3.2', '3.3'], 3.1: ['1'], 3.2: ['1', '3.1'], 3.3: ['2'] });
  });

  it('with an unknown id is told, and the place in the document counts, too', () => {
    const lines = [...flat(1, 2), '- [ ] 3. C', '  - _Depends: 9, 1_'];
    assert.deepEqual(orderOf(lines)['3'], ['1', '2']);
    assert.deepEqual(kindsOf(lines), [[4, 'unknown-reference']]);
  });

  it('on something below it pulls that forward', () => {
    assert.deepEqual(orderOf(['- [ ] 1. A', '  - _Depends: 2_', ...flat(2, 3)]), { 1: ['2'], 2: [], 3: ['1', '2'] });
  });

  it('in bold counts where it names tasks only', () => {
    assert.deepEqual(orderOf([...flat(1, 2), '- [ ] 3. C', '  - **Depends on:** 1'])['3'], ['1']);
    assert.deepEqual(kindsOf([...flat(1), '- [ ] 2. B', '  - **Dependencies**: lodash']), [[3, 'dependency']]);
  });

  it('in a circle is left to the reader of the set', () => {
    assert.deepEqual(orderOf(['- [ ] 1. A', '  - _Depends: 2_', '- [ ] 2. B', '  - _Depends: 1_']), { 1: ['2'], 2: ['1'] });
  });
});

describe('a checkpoint', () => {
  const lines = ['- [ ] 1. A', '  - [ ] 1.1 a', '  - [ ] 1.2 Checkpoint', '  - [ ] 1.3 c', '- [ ] 2. B', '- [ ] 3. Checkpoint - all', '- [ ] 4. D', '  - _Depends: none_'];

  it('is a barrier, also with --parallel', () => {
    const order = { 1: ['1.1', '1.2', '1.3'], 1.1: [], 1.2: ['1.1'], 1.3: ['1.2'], 2: ['1.2'], 3: ['1', '2'], 4: ['3'] };
    assert.deepEqual(orderOf(lines, { parallel: true }), order);
    assert.deepEqual(orderOf(lines), { ...order, 2: ['1'], 3: ['2'] });
  });

  for (const title of ['Checkpoint', 'Final checkpoint - done', 'チェックポイント', '最終チェックポイント: 全て', '检查点 - 通过', 'Контрольная точка', 'Punto de control', 'Prüfpunkt']) {
    it(`is called ${title}`, () => {
      assert.deepEqual(orderOf(['- [ ] 1. A', '- [ ] 2. B', `- [ ] 3. ${title}`, '- [ ] 4. C'], { parallel: true }), { 1: [], 2: [], 3: ['1', '2'], 4: ['3'] });
    });
  }

  for (const title of ['Checkpoints explained', 'Write the checkpoint', 'チェックポイント機能']) {
    it(`is not called ${title}`, () => {
      assert.deepEqual(orderOf(['- [ ] 1. A', `- [ ] 2. ${title}`], { parallel: true }), { 1: [], 2: [] });
    });
  }
});

describe('waves', () => {
  const shapes: readonly (readonly [string, unknown])[] = [
    ['id', { waves: [{ id: 0, tasks: ['1', '2'] }, { id: 1, tasks: ['3'] }] }],
    ['wave', { waves: [{ wave: 1, tasks: ['1', '2'] }, { wave: 2, tasks: ['3'], note: 'x' }] }],
    ['plain arrays', { waves: [['1', '2'], ['3']] }],
    ['no object', [['1', '2'], ['3']]],
    ['numbers', { waves: [[1, 2], [3]] }],
    ['out of order', { waves: [{ id: 2, tasks: ['3'] }, { id: 1, tasks: ['1', '2'] }] }],
    ['by name', { waves: { wave_2: ['3'], wave_1: ['1', '2'] } }],
    ['objects as tasks', { waves: [{ id: 1, tasks: [{ id: '1' }, { task: 2 }] }, { id: 2, tasks: [{ id: '3', title: 'x' }] }] }],
    ['depends_on', { waves: [{ id: 1, tasks: ['1', '2'], depends_on: [] }, { id: 2, tasks: ['3'], depends_on: [1] }] }],
    ['stars', { waves: [['1*', '2'], ['3*']] }],
  ];
  for (const [name, json] of shapes) {
    it(`are read: ${name}`, () => {
      assert.deepEqual(orderOf([...graph(json), ...flat(1, 2, 3)]), { 1: [], 2: [], 3: ['1', '2'] });
      assert.deepEqual(kindsOf([...graph(json), ...flat(1, 2, 3)]), []);
    });
  }

  it('tell 1.10 from 1.1', () => {
    const lines = ['## Task Dependency Graph', '```json', '{"waves": [[1.1], [1.10]]}', '```', '## Tasks', '- [ ] 1.1 A', '- [ ] 1.10 B'];
    assert.deepEqual(orderOf(lines), { 1.1: [], '1.10': ['1.1'] });
  });

  it('outrank everything else', () => {
    const lines = [...graph({ waves: [['2'], ['1', '3']] }), '- [ ] 1. A', '- [ ] 2. B', '  - _Depends: 3_', '- [ ] 3. C', '  - _Depends: 1_'];
    assert.deepEqual(orderOf(lines), { 1: ['2'], 2: [], 3: ['2', '1'] });
    assert.deepEqual(kindsOf(lines), [[8, 'graph']]);
  });

  it('that name a parent mean what is below it, in its order', () => {
    assert.deepEqual(orderOf([...graph({ waves: [['1'], ['2']] }), ...GROUPS]), { 1: ['1.1', '1.2'], 1.1: [], 1.2: ['1.1'], 2: ['2.1', '2.2'], 2.1: ['1'], 2.2: ['1', '2.1'] });
  });

  it('that do not name a task leave it where it stands', () => {
    const lines = [...graph({ waves: [['1'], ['4'], ['3']] }), ...flat(1, 2, 3, 4)];
    assert.deepEqual(orderOf(lines), { 1: [], 2: ['1'], 3: ['4', '2'], 4: ['1', '2'] });
    assert.deepEqual(kindsOf(lines), [[7, 'not-in-graph']]);
  });

  it('let a checkpoint that they do not name hold up only what they put later', () => {
    const lines = [...graph({ waves: [['1', '3'], ['4']] }), '- [ ] 1. A', '- [ ] 2. Checkpoint', '- [ ] 3. B', '- [ ] 4. C'];
    assert.deepEqual(orderOf(lines), { 1: [], 2: ['1'], 3: [], 4: ['1', '3', '2'] });
  });

  it('that wait for a later one are a circle', () => {
    const order = orderOf([...graph({ waves: [{ id: 0, tasks: ['1'], depends_on: [1] }, { id: 1, tasks: ['2'] }] }), ...flat(1, 2)]);
    assert.deepEqual(order, { 1: ['2'], 2: ['1'] });
  });

  for (const json of ['{"waves": [["1"],}', '{"waves": 7}', '{"other": []}', 'null', '"x"', '{"waves": [["7"]]}', '['.repeat(100_000)]) {
    it(`that cannot be read are told with their line: ${json.slice(0, 20)}`, () => {
      const lines = ['## Dependency graph', '```json', json, '```', '## Tasks', ...flat(1, 2)];
      assert.deepEqual(orderOf(lines), { 1: [], 2: ['1'] });
      assert.ok(kindsOf(lines).some(([line, kind]) => kind === 'graph' && line === 2));
    });
  }
});

describe('a Mermaid chart', () => {
  const chart = (...lines: readonly string[]): readonly string[] => ['## Task Dependency Graph', '```mermaid', 'graph TD', ...lines, '```', '## Tasks'];

  it('says who waits for whom', () => {
    const lines = chart('T1[Task 1: A] --> T3["3. C"]', '2 -.->|x| T3', 'T3 --> T4 & T5', 'style T1 fill:#fff');
    assert.deepEqual(orderOf([...lines, ...flat(1, 2, 3, 4, 5)]), { 1: [], 2: [], 3: ['1', '2'], 4: ['3'], 5: ['3'] });
    assert.deepEqual(kindsOf([...lines, ...flat(1, 2, 3, 4, 5)]), []);
  });

  it('between parents joins the groups', () => {
    assert.deepEqual(orderOf([...chart('T1 --> T2'), ...GROUPS])['2.1'], ['1']);
    assert.deepEqual(orderOf([...chart('T2 --> T1'), ...GROUPS])['1.1'], ['2']);
  });

  it('finds tasks by dotted names and by titles', () => {
    assert.deepEqual(orderOf([...chart('T1_2 --> T2_1', 'x[c] --> y[d]'), ...GROUPS])['2.1'], ['1.2']);
    assert.deepEqual(orderOf([...chart('x[c] --> y[d]'), ...GROUPS])['2.2'], ['2.1', '1']);
  });

  it('tells what it does not understand', () => {
    const lines = [...chart('1 --> 2', '2 --> Z', '??? what'), ...flat(1, 2)];
    assert.deepEqual(kindsOf(lines), [[5, 'unknown-reference'], [6, 'graph']]);
  });
});

describe('a long plan', () => {
  const count = 20_000;
  const wide = [...graph({ waves: [Array.from({ length: count / 2 }, (_, i) => i + 1), Array.from({ length: count / 2 }, (_, i) => count / 2 + i + 1)] }), ...flat(...Array.from({ length: count }, (_, i) => i + 1))];

  it('has few dependencies, whatever its shape', () => {
    const rows = Array.from({ length: count }, (_, i) => (i % 100 < 50 ? `- [ ] ${i + 1}. (P) T` : `- [ ] ${i + 1}. (P) T\n  - _Depends: none_`));
    const groups = Array.from({ length: count / 10 }, (_, g) => [`- [ ] ${g + 1}. G`, ...Array.from({ length: 9 }, (_u, k) => `  - [ ] ${g + 1}.${k + 1} t`)]).flat();
    for (const lines of [wide, rows, groups]) {
      const { tasks } = planOf(lines);
      const sum = tasks.reduce((all, { dependencies }) => all + dependencies.length, 0);
      assert.ok(sum <= 10 * count, `${sum} dependencies`);
    }
  });

  it('puts a parent between many that wait for many', () => {
    const { tasks } = planOf(wide);
    const joint = tasks.at(-1);
    assert.deepEqual([tasks.length, joint?.group, joint?.dependencies.length], [count + 1, true, count / 2]);
    assert.deepEqual(tasks.at(-2)?.dependencies, [joint?.id]);
  });
});
