import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { formatInputErrors } from '../../src/config/input-error.ts';
import { loadTaskSet } from '../../src/config/load-task-set.ts';

/** Loads, and holds what is true of every text: a set, or one to eleven lines. */
const loadAnything = (text: string): boolean => {
  const result = loadTaskSet({ text, name: 'plan' });
  if (result.ok) {
    assert.ok(result.value.tasks.length > 0);
    return true;
  }
  const lines = formatInputErrors(result.error);
  assert.ok(lines.length >= 1 && lines.length <= 11);
  for (const line of lines) assert.match(line, /^(?:plan(?::\d+)?: [^\p{Cc}]+|and \d+ more)$/u);
  return false;
};

/** Pieces of YAML and of task sets, which get further than letters do. */
const piece = fc.constantFrom(
  ...['name: x', 'tasks:', '- id: a', '- id: 1.10', 'dependencies: [a]', 'command: ["true"]', 'env: {A: 1}', 'retry:'],
  ...['\n', '\n  ', '\n    ', '\t', ': ', '- ', '? ', '&a ', '*a', '!!str ', '!x ', '| \n', '>-\n'],
  ...['"', "'", '#', '---'],
  ...['{', '}', '[', ']', ',', 'null', 'true', '~', '.nan', '0x1F', '__proto__: 1', 'constructor: 1', '<<: *a', '%TAG'],
);

const visible = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 });
const name = visible.map((text) => text.replaceAll(/[/ ]/g, '_')).filter((text) => text !== '.' && text !== '..');
/** As it comes back from JSON, which has no −0. */
const json = fc
  .jsonValue({ maxDepth: 3, stringUnit: 'grapheme-ascii' })
  .map((value): unknown => JSON.parse(JSON.stringify(value)));

const task = fc.record(
  {
    title: visible.map((text) => `t${text}`),
    description: fc.string({ unit: 'grapheme-ascii' }),
    priority: fc.integer({ min: -1000, max: 1000 }),
    command: fc.array(fc.string({ unit: 'grapheme-ascii' }), { maxLength: 3 }).map((rest) => ['run', ...rest]),
    env: fc.dictionary(fc.stringMatching(/^[A-Z][A-Z0-9_]{0,5}$/), fc.string({ unit: 'grapheme-ascii' })),
    resources: fc.record({ cpu: fc.integer({ min: 0, max: 64 }), memory: fc.integer({ min: 0, max: 9999 }) }),
    timeout: fc.integer({ min: 1, max: 100_000 }),
    optional: fc.boolean(),
    concurrency_key: name,
    required_skill: name,
    metadata: fc.dictionary(visible, json),
  },
  { requiredKeys: [] },
);

/** A set in which tasks depend on earlier ones only. */
const taskSet = fc
  .record({
    name: name.map((text) => `s${text}`),
    ids: fc.uniqueArray(name, { minLength: 1, maxLength: 8 }),
    bodies: fc.array(task, { minLength: 8, maxLength: 8 }),
    links: fc.array(fc.array(fc.nat(7), { maxLength: 3 }), { minLength: 8, maxLength: 8 }),
  })
  .map(({ name: spec, ids, bodies, links }) => ({
    name: spec,
    tasks: ids.map((id, i) => ({
      id,
      dependencies: [...new Set((links[i] ?? []).filter((link) => link < i).map((link) => ids[link] ?? id))],
      ...bodies[i],
    })),
  }))
  // Refused on purpose, and a favourite of fast-check's.
  .filter((set) => !JSON.stringify(set).includes('__proto__'));

describe('whatever text there is', () => {
  it('loads or is refused in at least one line, and never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) => void loadAnything(text)));
  });

  it('made of the pieces of a task set, likewise', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => void loadAnything(pieces.join(''))),
      { numRuns: 3000 },
    );
  });

  it('made of bytes, likewise', () => {
    const decoder = new TextDecoder();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void loadAnything(decoder.decode(bytes))));
  });

  it('made of any JSON, likewise', () => {
    fc.assert(fc.property(fc.json(), (text) => void loadAnything(text)));
    fc.assert(fc.property(fc.json(), (text) => void loadAnything(`{"name": "x", "tasks": [${text}]}`)));
  });

  it('cut from a good set at any place, likewise', () => {
    fc.assert(
      fc.property(taskSet, fc.double({ min: 0, max: 1, noNaN: true }), (set, share) => {
        const text = dump(set);
        loadAnything(text.slice(0, Math.floor(text.length * share)));
      }),
    );
  });
});

describe('a set that we wrote', () => {
  it('loads, and is the same from YAML as from JSON', () => {
    fc.assert(
      fc.property(taskSet, (set) => {
        const fromJson = loadTaskSet({ text: JSON.stringify(set), name: 'set.json' });
        assert.ok(fromJson.ok, fromJson.ok ? '' : formatInputErrors(fromJson.error).join('\n'));
        for (const options of [{}, { flowLevel: 0 }, { flowLevel: 2 }, { forceQuotes: true }, { indent: 4 }]) {
          assert.deepEqual(loadTaskSet({ text: dump(set, options), name: 'set.yaml' }), fromJson);
        }
      }),
    );
  });

  it('says what was written', () => {
    fc.assert(
      fc.property(taskSet, (set) => {
        const result = loadTaskSet({ text: JSON.stringify(set), name: 'set.json' });
        const tasks = result.ok ? result.value.tasks : [];
        assert.deepEqual(tasks.map((each) => each.id), set.tasks.map((each) => each.id));
        for (const [i, written] of set.tasks.entries()) {
          assert.deepEqual(tasks[i]?.dependencies, written.dependencies.map((id) => `${set.name}/${id}`));
          assert.deepEqual(tasks[i]?.command, written.command ?? null);
          assert.deepEqual(tasks[i]?.env, { ...written.env });
          assert.equal(tasks[i]?.priority, written.priority ?? 0);
          assert.equal(tasks[i]?.timeoutMs, written.timeout === undefined ? null : written.timeout * 1000);
        }
      }),
    );
  });
});
