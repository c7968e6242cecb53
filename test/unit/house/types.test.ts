import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { findIn, linesAbout, PlantedTree } from './planted-tree.ts';

/** What the strictest flags refuse, and the number of the error. */
const BREACHES: Readonly<Record<string, readonly [error: string, text: string]>> = {
  'a wrong type': ['TS2322', 'export const x: string = 1;\n'],
  'an index that may miss': ['TS2322', 'export const x = (y: readonly string[]): string => y[0];\n'],
  'undefined where a property is optional': ['TS2375', 'export const x: { y?: number } = { y: undefined };\n'],
  'an enum': ['TS1294', 'export enum X {\n  one,\n}\n'],
  'a parameter property': ['TS1294', 'export class X {\n  constructor(readonly y: number) {}\n}\n'],
  'an unused local': ['TS6133', 'export const x = (): void => {\n  const y = 1;\n};\n'],
  'a path that returns nothing': [
    'TS2366',
    "export const x = (y: 'a' | 'b'): number => {\n  switch (y) {\n    case 'a':\n      return 1;\n  }\n};\n",
  ],
  'an import without its ending': ['TS2835', "export { fine } from './clean';\n"],
  'a type imported as a value': ['TS1484', "import { PathLike } from 'node:fs';\nexport type X = PathLike;\n"],
};

describe('the compiler', () => {
  const fileOf = (index: number): string => `src/domain/breach-${index}.ts`;
  const tree = new PlantedTree({ 'src/domain/clean.ts': 'export const fine = 1;\n' });
  after(() => tree.clear());
  const clean = tree.run('types');
  for (const [index, [, text]] of Object.values(BREACHES).entries()) tree.plant(fileOf(index), text);
  const finding = tree.run('types');

  test('lets a clean tree pass', () => assert.equal(clean.status, 0, clean.output));
  for (const [index, [name, [error]]] of Object.entries(BREACHES).entries()) {
    test(`refuses ${name}`, () => {
      const lines = linesAbout(finding, `${fileOf(index)}(`);
      assert.ok(lines.some((line) => line.includes(error)), `no ${error} in:\n${lines.join('\n')}`);
    });
  }
  test('fails the check', () => assert.notEqual(finding.status, 0));
  test('finds the same again when nothing has changed', () => assert.deepEqual(tree.run('types'), finding));

  for (const folder of ['machines', 'test/unit', 'examples']) {
    test(`reads ${folder}, too`, () => {
      const { output } = findIn({ [`${folder}/breach.ts`]: 'export const x: string = 1;\n' }, 'types');
      assert.match(output, new RegExp(`^${folder}/breach\\.ts.*TS2322`, 'm'));
    });
  }

  test('refuses a type that the declarations of the package could not name', () => {
    const planted = {
      'src/domain/clean.ts': 'interface Hidden {\n  readonly a: 1;\n}\nexport const hidden: Hidden = { a: 1 };\n',
      'src/domain/breach.ts': "import { hidden } from './clean.ts';\nexport const x = hidden;\n",
    };
    assert.match(findIn(planted, 'types').output, /^src\/domain\/breach\.ts.*TS4023/m);
  });
});
