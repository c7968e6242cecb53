import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findIn, linesAbout, type Finding } from './planted-tree.ts';

/** A small tree in which everything is used, but for what is planted besides. */
const find = (planted: Readonly<Record<string, string>>): Finding =>
  findIn(
    {
      'src/index.ts': "export { used } from './domain/used.ts';\n",
      'src/domain/used.ts': 'export const used = 1;\n',
      ...planted,
    },
    'unused',
  );

describe('what nobody uses', () => {
  test('a file', () => {
    const finding = find({ 'src/domain/forgotten.ts': 'export const forgotten = 1;\n' });
    assert.notEqual(finding.status, 0);
    assert.notDeepEqual(linesAbout(finding, 'src/domain/forgotten.ts'), []);
    assert.deepEqual(linesAbout(finding, 'src/domain/used.ts'), []);
  });

  test('an export', () => {
    const finding = find({ 'src/domain/used.ts': 'export const used = 1;\nexport const spare = 2;\n' });
    assert.match(finding.output, /^spare .*src\/domain\/used\.ts/m);
  });

  test('an exported type', () => {
    const finding = find({ 'src/domain/used.ts': 'export const used = 1;\nexport type Spare = number;\n' });
    assert.match(finding.output, /^Spare .*src\/domain\/used\.ts/m);
  });

  test('a dependency', () => {
    assert.match(find({}).output, /^hono .*package\.json/m);
    const finding = find({ 'src/domain/used.ts': "import { Hono } from 'hono';\nexport const used = Hono;\n" });
    assert.doesNotMatch(finding.output, /^hono .*package\.json/m);
  });

  test('a package that is used but not named in package.json', () => {
    const finding = find({ 'src/domain/used.ts': "import acorn from 'acorn';\nexport const used = acorn;\n" });
    assert.match(finding.output, /^acorn .*src\/domain\/used\.ts/m);
  });
});
