import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { findIn, linesAbout, PlantedTree } from './planted-tree.ts';

const UNION = "type Kind = 'a' | 'b';\n";
const longFunction = `export const long = (): number => {\n${'  console.log(1);\n'.repeat(70)}  return 1;\n};\n`;

/** Planted in src/launchers, where the rule is not one of purity: [rule, text]. */
const BREACHES: Readonly<Record<string, readonly [rule: string, text: string]>> = {
  'an any': ['no-explicit-any', 'export const x = (y: any): unknown => y;\n'],
  'a cast to any': ['no-explicit-any', 'export const x = (y: unknown): unknown => y as any;\n'],
  'a non-null assertion': ['no-non-null-assertion', 'export const x = (y: string | null): string => y!;\n'],
  'a floating promise': [
    'no-floating-promises',
    'const f = async (): Promise<void> => {};\nexport const x = (): void => {\n  f();\n};\n',
  ],
  'a promise as a callback that returns nothing': [
    'no-misused-promises',
    'export const x = (y: number[]): void => y.forEach(async (z) => {\n  await Promise.resolve(z);\n});\n',
  ],
  'a promise as a condition': [
    'no-misused-promises',
    'export const x = (y: Promise<number>): number => (y ? 1 : 2);\n',
  ],
  'a switch that forgets a case': [
    'switch-exhaustiveness-check',
    `${UNION}export const x = (y: Kind): void => {\n  switch (y) {\n    case 'a':\n      break;\n  }\n};\n`,
  ],
  'an unsafe value let in': ['no-unsafe-assignment', "const x = JSON.parse('1');\nexport const y = String(x);\n"],
  'an error that is none': ['only-throw-error', "export const x = (): never => {\n  throw 'no';\n};\n"],
  'a suppressed type error': ['ban-ts-comment', '// @ts-ignore\nexport const x: string = 1;\n'],
  'a loose comparison': ['eqeqeq', 'export const x = (y: number): boolean => y == 1;\n'],
  'a default export': ['no-default-export', 'export default 1;\n'],
  'a module of Node without its prefix': ['prefer-node-protocol', "import fs from 'fs';\nexport const x = fs;\n"],
  'a type imported as a value': [
    'consistent-type-imports',
    "import { Stats } from 'node:fs';\nexport type X = Stats;\n",
  ],
  'a function of more than 70 lines': ['max-lines-per-function', longFunction],
  'a file of more than 300 lines': ['max-lines', '// line\n'.repeat(301)],
  'an excuse that is not needed': ['Unused', '// oxlint-disable-next-line no-var -- none here\nexport const x = 1;\n'],
};

describe('the linter', () => {
  const fileOf = (index: number): string => `src/launchers/breach-${index}.ts`;
  const tree = new PlantedTree({
    'src/launchers/clean.ts': 'export const fine = 1;\n',
    'test/unit/long.ts': longFunction,
  });
  after(() => tree.clear());
  for (const [index, [, text]] of Object.values(BREACHES).entries()) tree.plant(fileOf(index), text);
  const finding = tree.run('lint');

  for (const [index, [name, [rule]]] of Object.entries(BREACHES).entries()) {
    test(`refuses ${name}`, () => {
      const lines = linesAbout(finding, `${fileOf(index)}:`);
      assert.ok(lines.some((line) => line.includes(rule)), `no ${rule} in:\n${lines.join('\n')}`);
    });
  }

  test('fails the check', () => assert.notEqual(finding.status, 0));
  test('lets clean code pass', () => assert.deepEqual(linesAbout(finding, 'src/launchers/clean.ts'), []));
  test('lets a test be as long as it has to be', () => assert.deepEqual(linesAbout(finding, 'test/unit/long.ts'), []));
});

test('a clean tree passes', () => {
  const { status, output } = findIn({ 'src/domain/clean.ts': 'export const fine = 1;\n' }, 'lint');
  assert.equal(status, 0, output);
});
