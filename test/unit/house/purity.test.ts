import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { linesAbout, PlantedTree } from './planted-tree.ts';

/** Each is one forbidden thing, as somebody might write it in a hurry. */
const BREACHES: Readonly<Record<string, string>> = {
  'Date.now': 'export const x = Date.now();',
  'new Date': 'export const x = new Date();',
  'Date handed on': 'export const x = [Date];',
  'Math.random': 'export const x = Math.random();',
  'Math.random by text': "export const x = Math['random']();",
  'Math.random taken apart': 'const { random } = Math;\nexport const x = random();',
  'Math under another name': 'const m = Math;\nexport const x = m.random();',
  setTimeout: 'export const x = setTimeout(() => undefined, 1);',
  setInterval: 'export const x = setInterval(() => undefined, 1);',
  setImmediate: 'export const x = setImmediate(() => undefined);',
  clearTimeout: 'export const x = clearTimeout;',
  queueMicrotask: 'export const x = (): void => queueMicrotask(() => undefined);',
  performance: 'export const x = performance.now();',
  crypto: 'export const x = crypto.randomUUID();',
  process: "export const x = process.env['HOME'];",
  console: "export const x = (): void => console.log('');",
  fetch: "export const x = (): unknown => fetch('x');",
  WebSocket: "export const x = (): unknown => new WebSocket('x');",
  Worker: 'export const x = typeof MessageChannel;',
  globalThis: "export const x = globalThis['set' + 'Timeout'];",
  'globalThis.Date': 'export const x = globalThis.Date.now();',
  global: 'export const x = global;',
  Buffer: "export const x = Buffer.from('');",
  Intl: 'export const x = new Intl.DateTimeFormat().format();',
  toLocaleString: 'export const x = (1).toLocaleString();',
  localeCompare: "export const x = 'a'.localeCompare('b');",
  WeakRef: 'export const x = new WeakRef({});',
  FinalizationRegistry: 'export const x = new FinalizationRegistry(() => undefined);',
  Atomics: 'export const x = Atomics;',
  eval: "export const x: unknown = eval('1');",
  Function: "export const x = new Function('return 1');",
  constructor: "export const x: unknown = (() => 1).constructor('return 1');",
  'import()': "export const x = import('node:fs');",
  'import.meta': 'export const x = import.meta.url;',
  fromPromise: "import { fromPromise } from 'xstate';\nexport const x = fromPromise(async () => 1);",
};

const FOLDERS = ['machines', 'src/domain', 'src/scheduling', 'src/runtime'];

const CLEAN = `import { assign } from 'xstate';
type Reader = (at: Date, signal: AbortSignal) => Promise<void>;
const now = (clock: { wall(): number }, date: number): number => Math.max(clock.wall(), date);
export const fine = [assign, now, new Map([[1, Number.NaN]]), structuredClone({ process: 1 }), Object.keys({})];
export const read = (reader: Reader): Reader => reader;
export const tuple = [1, 2] as const;
export const named = { console: 1, fetch: 2 }.console;
`;

const fileOf = (folder: string, index: number): string => `${folder}/breach-${index}.ts`;

describe('the purity rule', () => {
  const names = Object.keys(BREACHES);
  const planted: Record<string, string> = {};
  for (const folder of FOLDERS) {
    planted[`${folder}/clean.ts`] = CLEAN;
    for (const [index, name] of names.entries()) planted[fileOf(folder, index)] = `${BREACHES[name] ?? ''}\n`;
  }
  // The same is allowed where the world is touched.
  for (const [index, name] of names.entries()) planted[fileOf('src/platform', index)] = `${BREACHES[name] ?? ''}\n`;
  const tree = new PlantedTree(planted);
  const finding = tree.run('lint');

  after(() => tree.clear());

  for (const folder of FOLDERS) {
    test(`lets clean code pass in ${folder}`, () => {
      assert.deepEqual(linesAbout(finding, `${folder}/clean.ts`), []);
    });
  }

  for (const [index, name] of names.entries()) {
    test(`forbids ${name}`, () => {
      for (const folder of FOLDERS) {
        const lines = linesAbout(finding, `${fileOf(folder, index)}:`);
        const caught = lines.some((line) => line.includes('purity(only-ports)'));
        assert.ok(caught, `${folder} lets it pass:\n${lines.join('\n')}`);
      }
    });
  }

  test('fails the check', () => assert.notEqual(finding.status, 0));

  test('does not bind the adapters', () => {
    for (const index of names.keys()) {
      const lines = linesAbout(finding, `${fileOf('src/platform', index)}:`);
      assert.deepEqual(lines.filter((line) => line.includes('purity')), []);
    }
  });
});
