import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { formatInputErrors } from '../../../src/config/input-error.ts';
import { loadTaskSet } from '../../../src/config/load-task-set.ts';
import { loaded, refused } from './task-set-text.ts';

const MB = 1_000_000;

describe('text that is no task set is refused in one line:', () => {
  for (const [what, text, line] of [
    ['nothing', '', /^plan\.yaml: is empty/],
    ['only comments', '# a\n\n  # b\n', /^plan\.yaml: is empty/],
    ['an empty document', '---\n', /^plan\.yaml: found nothing; expected a mapping/],
    ['a word', 'hello', /^plan\.yaml:1: found hello; expected a mapping with name and tasks$/],
    ['a list', '\n- a', /^plan\.yaml:2: found a list; expected a mapping/],
    ['a tab', 'name: x\ntasks:\n\t- id: a\n', /^plan\.yaml:3: .*tab.*indent with spaces$/],
    ['a key twice', 'name: x\ntasks: []\nname: y\n', /^plan\.yaml:3: the key "name" is there twice; keep one of them$/],
    ['a key twice in JSON', '{"name": "x",\n"name": "y"}', /^plan\.yaml:2: the key "name" is there twice/],
    ['a key that is a number', '1.10: x\n', /^plan\.yaml:1: the key 1\.1 reads as a number; write it in quotes$/],
    ['a key that is a list', '[a]: x\n', /^plan\.yaml:1: a key is a list or a mapping/],
    ['two documents', 'name: x\n---\nname: y\n', /^plan\.yaml: has 2 documents; expected one/],
    ['an open bracket', 'name: x\ntasks: [{id: a}\n', /^plan\.yaml:\d+: not valid YAML or JSON/],
    ['JSON cut short', '{"name": "x", "tasks": [', /^plan\.yaml:1: not valid YAML or JSON/],
    ['an unknown tag', 'name: !!js/function "x"\n', /^plan\.yaml:1: .*tag.*leave the tag out/],
    ['an unknown alias', 'name: *nobody\n', /^plan\.yaml:1: .*alias "nobody"/],
    ['an alias of itself', 'name: &a [*a]\n', /^plan\.yaml: the alias \*a stands inside what it stands for/],
    ['deep nesting', `a: ${'['.repeat(5000)}`, /^plan\.yaml:1: .*nested too deeply/],
    ['a NUL', 'name: \0', /^plan\.yaml: has a NUL character/],
  ] as const) {
    it(what, () => {
      const lines = refused(text);
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? '', line);
    });
  }

  it('a billion laughs', () => {
    const ten = (item: string): string => Array.from({ length: 10 }, () => item).join();
    const levels = Array.from({ length: 12 }, (_, i) => `l${i}: &l${i} [${ten(i === 0 ? 'lol' : `*l${i - 1}`)}]`);
    assert.match(refused(levels.join('\n'))[0] ?? '', /aliases stand for far too many values/);
  });

  it('aliases nested deeper than brackets may be', () => {
    const levels = Array.from({ length: 200 }, (_, i) => `l${i}: &l${i} [${i === 0 ? 'x' : `*l${i - 1}`}]`);
    assert.match(refused(levels.join('\n'))[0] ?? '', /aliases are nested too deeply/);
  });

  it('fifty megabytes of garbage of any kind', { timeout: 120_000 }, () => {
    const kinds: readonly (readonly [string, RegExp])[] = [
      ['x'.repeat(50 * MB), /found xxx/],
      ['- \n'.repeat(16 * MB), /more than 3,000,000 values/],
      ['a: b\n'.repeat(10 * MB), /more than 3,000,000 values/],
      [`[${'1,'.repeat(25 * MB)}`, /more than 3,000,000 values/],
      ['['.repeat(50 * MB), /nested too deeply/],
      ['{"a":1},'.repeat(6 * MB), /not valid YAML or JSON/],
    ];
    for (const [text, line] of kinds) {
      const lines = refused(text);
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? '', line);
    }
  });

  it('a name in the error that would write over the terminal', () => {
    const [line] = refused('name: x\ntasks:\n  - id: a\n    "\\e[2J\\n\\u202e": 1\n');
    assert.match(line ?? '', /unknown key "\\u\{1b\}\[2J\\n\\u\{202e\}"/);
  });
});

describe('a large set', () => {
  it('of 100,000 tasks is read', { timeout: 120_000 }, () => {
    const task = (i: number, dependency: string): string =>
      `  - id: "t${i}"\n    title: Task ${i}\n    dependencies: [${dependency}]\n    command: ["true"]\n`;
    const tasks = Array.from({ length: 100_000 }, (_, i) => task(i, i === 0 ? '' : `"t${i - 1}"`));
    const set = loaded(`name: big\ntasks:\n${tasks.join('')}`);
    assert.equal(set.tasks.length, 100_000);
    assert.deepEqual(set.tasks[99_999]?.dependencies, ['big/t99998']);
  });

  it('with one long cycle names it briefly', () => {
    const size = 5000;
    const tasks = Array.from({ length: size }, (_, i) => `  - {id: t${i}, dependencies: [t${(i + 1) % size}]}\n`);
    const [line] = refused(`name: big\ntasks:\n${tasks.join('')}`);
    assert.match(line ?? '', /t0 → t1 → .* → … 4989 more … → t0; expected no cycle/);
  });
});

describe('a file is refused in one line:', () => {
  const folder = mkdtempSync(join(tmpdir(), 'task-set-'));
  after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'folder.yaml'));
  const write = (name: string, content: string | Uint8Array): string => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return file;
  };

  for (const [what, file, message] of [
    ['a missing one', join(folder, 'none.yaml'), 'there is no such file'],
    ['a directory', join(folder, 'folder.yaml'), 'is a directory'],
    ['a binary one', write('a.yaml', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0, 1)), 'is a binary file'],
    ['invalid UTF-8', write('b.yaml', Uint8Array.of(0x61, 0xff, 0xfe)), 'is not text in UTF-8'],
    ['UTF-16', write('c.yaml', Uint8Array.of(0xff, 0xfe, 0x61, 0)), 'is text in UTF-16'],
    ['an empty one', write('d.yaml', ''), 'is empty'],
    ['Markdown without a box', write('e.md', '1. Do it\n'), 'has no box'],
    ['one too long', write('f.yaml', new Uint8Array(65 * 2 ** 20).fill(0x78)), 'is longer than 64 MiB'],
    ['a NUL in its name', 'a\0b', 'has a NUL in its name'],
    ['an endless one', '/dev/zero', 'is a binary file'],
  ] as const) {
    it(what, () => {
      const result = loadTaskSet(file);
      const lines = result.ok ? [] : formatInputErrors(result.error);
      assert.equal(lines.length, 1);
      assert.ok(lines[0]?.includes(`: ${message}`), lines[0]);
      assert.match(lines[0] ?? '', /;/, 'says what was expected or how to mend it');
    });
  }
});
