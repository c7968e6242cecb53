import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatInputErrors } from '../../src/config/input-error.ts';
import { loadPlan, loadTaskSet } from '../../src/config/load-task-set.ts';
import { markdownSetAsJson } from '../../src/config/markdown-task-set.ts';
import { findCycles } from '../../src/domain/dependency-graph.ts';
import { taskKey } from '../../src/domain/ids.ts';
import { readBoxes, readMarkdownPlan } from '../../src/importers/markdown/read-plan.ts';
import { tickBoxes, type BoxByte } from '../../src/importers/markdown/tick.ts';

const folder = join(import.meta.dirname, '..', 'unit', 'importers', 'corpus');
const corpus = readdirSync(folder)
  .filter((name) => name.endsWith('.md'))
  .map((name) => readFileSync(join(folder, name), 'utf8').replace(/^\uFEFF/, ''));

/** Pieces that mean something, so that chance puts them together in ways that nobody thought of. */
const piece = fc.constantFrom(
  '- [ ] ', '- [x] ', '-* [-] ', '  - [ ]* ', '\t* [~] ', '1. [ ] ', '- [] ', '[ ] ', '    - [ ] ', '\n', '\r\n', '\r', '\n\n', '1.', '1.1 ', '1.2. ', '2. ',
  'Title', ' (P)', ' *', '_Depends: 1.1_', '  - _Depends: 2, 1-3_', '_要件: 1_', '  _依存: 2_', '**Validates: x 1**', '# ', '## Tasks', '## 1. Group', '## Task Dependency Graph',
  '```', '```json\n', '{"waves": [["1", 2], [{"id": "1.1"}]]}', '{"waves": [{"id": 1, "tasks": [1.10], "depends_on": [0]}]}', '```mermaid\n', 'T1 --> T2', '1.1[x] --> 1 & 2',
  '<!--', '-->', '> ', '---', '===', 'Checkpoint', 'チェックポイント', '\\*', '😀', '\u2028', '\uFEFF', '“',
);
const soup = fc.array(fc.oneof({ weight: 8, arbitrary: piece }, { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }) }), { maxLength: 60 }).map((parts) => parts.join(''));

/** A plan of the corpus with pieces cut out, doubled and put elsewhere. */
const mutated = fc
  .tuple(fc.constantFrom(...corpus), fc.array(fc.tuple(fc.nat(), fc.nat(80), fc.oneof(piece, fc.constant('')), fc.boolean()), { maxLength: 6 }))
  .map(([text, edits]) =>
    edits.reduce((now, [at, length, insert, isCut]) => {
      const from = now.length === 0 ? 0 : at % now.length;
      return now.slice(0, from) + insert + (isCut ? '' : now.slice(from, from + length)) + now.slice(from + (isCut ? length : 0));
    }, text),
  );

const anyText = fc.oneof(soup, mutated, fc.string({ unit: 'binary', maxLength: 200 }));

const assertReadOrRefused = (text: string, parallel: boolean): void => {
  const plan = readMarkdownPlan(text, { parallel });
  const lines = text.split(/\r\n|\n|\r/).length;
  if (!plan.ok) {
    assert.ok(plan.error.line === null || (plan.error.line >= 1 && plan.error.line <= lines));
    const [told, ...more] = formatInputErrors([{ file: 'p.md', path: '', ...plan.error }]);
    assert.ok(told !== undefined && !/[\n\r]/.test(told) && more.length === 0);
    return;
  }
  const { tasks, findings, boxes, done } = plan.value;
  const ids = new Set(tasks.map(({ id }) => id));
  assert.equal(ids.size, tasks.length, 'ids are there once');
  assert.ok(done.every((id) => ids.has(id)));
  for (const { line } of findings) assert.ok(line >= 1 && line <= lines, `finding on line ${line} of ${lines}`);
  for (const task of tasks) {
    assert.ok(task.dependencies.every((id) => ids.has(id) || id.includes('/')), `${task.id} waits for a task that is not there`);
  }
  const told = new Set(findings.map(({ line }) => line));
  const read = new Set(boxes.map(({ line }) => line));
  assert.deepEqual(readBoxes(text), boxes);
  for (const [i, line] of text.split(/\r\n|\n|\r/).entries()) {
    // Outside of code, comments and quotations, which these texts may hold, each such line is one or the other.
    if (/```|~~~|<!--|^---|>/m.test(text) || !/^ {0,3}[-*+] \[[ x]\] \w/.test(line)) continue;
    assert.ok(read.has(i + 1) || told.has(i + 1), `line ${i + 1} is lost: ${JSON.stringify(line)}`);
  }
};

describe('a Markdown plan', () => {
  test('of any text is read with findings in its lines, or refused in one line', () => {
    fc.assert(fc.property(anyText, fc.boolean(), assertReadOrRefused), { numRuns: 2000 });
  });

  test('of any bytes is read or refused as a task set', () => {
    fc.assert(
      fc.property(anyText.filter((text) => text.isWellFormed()), fc.boolean(), (text, force) => {
        const set = loadTaskSet({ text, name: 'dir/tasks.md' }, { force });
        if (set.ok) assert.equal(set.value.name, 'dir');
        else for (const line of formatInputErrors(set.error)) assert.doesNotMatch(line, /[\n\r]/);
      }),
      { numRuns: 500 },
    );
  });

  test('waits in circles only where its words do: the document adds none', () => {
    fc.assert(
      fc.property(anyText, fc.boolean(), (text, parallel) => {
        const plan = readMarkdownPlan(text, { parallel });
        if (!plan.ok) return;
        const cycles = findCycles(new Map(plan.value.tasks.map(({ id, dependencies }) => [id, dependencies])));
        // Without _Depends_ and without a graph there are no words.
        if (!/depends|依存|dependenc|"waves"|зависит|依赖|blocked|depende/i.test(text)) assert.deepEqual(cycles, []);
      }),
      { numRuns: 2000 },
    );
  });

  test('goes to a live dispatcher as the very set that it was read as', () => {
    fc.assert(
      fc.property(anyText.filter((text) => text.isWellFormed() && !text.includes('\0')), (text) => {
        const plan = loadPlan({ text, name: 'dir/tasks.md' });
        if (!plan.ok) return;
        const again = loadTaskSet({ text: markdownSetAsJson(plan.value.set), name: 'request body' });
        assert.ok(again.ok, again.ok ? '' : formatInputErrors(again.error).join('\n'));
        assert.deepEqual(again.value, plan.value.set);
      }),
      { numRuns: 500 },
    );
  });

  test('keeps every order of a plan without doubt: sequences end where the next begins', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 1, maxLength: 12 }), (sizes) => {
        const text = sizes.flatMap((size, g) => [`- [ ] ${g + 1}. G`, ...Array.from({ length: size }, (_, k) => `  - [ ] ${g + 1}.${k + 1} t`)]);
        const set = loadPlan({ text: text.join('\n'), name: 'p.md' });
        assert.ok(set.ok);
        const { tasks, name } = set.value.set;
        const before = new Map(tasks.map((task) => [taskKey(name, task.id), task.dependencies]));
        const leaves = tasks.filter(({ group }) => !group);
        for (const [i, leaf] of leaves.entries()) {
          const reached = new Set(before.get(taskKey(name, leaf.id)));
          for (const key of reached) for (const next of before.get(key) ?? []) reached.add(next);
          const expected = leaves.slice(0, i).map(({ id }) => taskKey(name, id));
          assert.deepEqual(expected.filter((key) => !reached.has(key)), []);
        }
      }),
    );
  });
});

describe('ticking', () => {
  const wish = fc.constantFrom<BoxByte>('x', '-', ' ');
  const isBoxByte = (byte: number | undefined): boolean => byte !== undefined && ' xX-~'.includes(String.fromCharCode(byte));

  /** Only bytes between brackets differ, and only for boxes that were asked for. */
  const assertOnlyBoxes = (before: string, now: string, wishes: readonly BoxByte[]): void => {
    const known = readBoxes(before);
    const asked = new Map(known.map(({ id }, i) => [id, wishes[i % wishes.length] ?? 'x']));
    const bytes = new TextEncoder().encode(now);
    const result = tickBoxes(bytes, known, asked);
    assert.ok(result.ok);
    const after = result.value.bytes;
    assert.equal(after.length, bytes.length);
    const titles = new Set(known.map(({ written, title }) => JSON.stringify([written, title])));
    const from = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    const boxes = readBoxes(new TextDecoder().decode(after));
    const changedLines = new Set<number>();
    let line = 1;
    for (let i = from; i < bytes.length; i += 1) {
      if (bytes[i] !== after[i]) {
        assert.ok(isBoxByte(bytes[i]) && isBoxByte(after[i]) && bytes[i - 1] === 0x5b && bytes[i + 1] === 0x5d, `byte ${i} is in no box`);
        changedLines.add(line);
      }
      if (bytes[i] === 10 || (bytes[i] === 13 && bytes[i + 1] !== 10)) line += 1;
    }
    for (const { line: of, written, title } of boxes) {
      if (changedLines.delete(of)) assert.ok(titles.has(JSON.stringify([written, title])), `the box of line ${of} is another one`);
    }
    assert.deepEqual([...changedLines], []);
  };

  test('changes nothing but the bytes in boxes', () => {
    fc.assert(fc.property(anyText.filter((text) => text.isWellFormed()), fc.array(wish, { minLength: 1, maxLength: 5 }), (text, wishes) => assertOnlyBoxes(text, text, wishes)), { numRuns: 1000 });
  });

  test('nor when a person edits the plan meanwhile', () => {
    const edited = fc.tuple(fc.constantFrom(...corpus), fc.array(fc.tuple(fc.nat(), fc.nat(60), fc.oneof(piece, fc.constant(''))), { maxLength: 5 })).map(
      ([before, edits]) => {
        const now = edits.reduce((text, [at, length, insert]) => text.slice(0, at % (text.length + 1)) + insert + text.slice((at % (text.length + 1)) + length), before);
        return [before, now] as const;
      },
    );
    fc.assert(fc.property(edited.filter(([, now]) => now.isWellFormed()), fc.array(wish, { minLength: 1, maxLength: 5 }), ([before, now], wishes) => assertOnlyBoxes(before, now, wishes)), { numRuns: 1000 });
  });

  test('twice does no more than once', () => {
    fc.assert(
      fc.property(fc.constantFrom(...corpus), wish, (text, to) => {
        const known = readBoxes(text);
        const asked = new Map(known.map(({ id }) => [id, to]));
        const once = tickBoxes(new TextEncoder().encode(text), known, asked);
        assert.ok(once.ok);
        const twice = tickBoxes(once.value.bytes, known, asked);
        assert.ok(twice.ok && twice.value.bytes === once.value.bytes);
      }),
    );
  });
});
