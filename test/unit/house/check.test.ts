import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { PlantedTree } from './planted-tree.ts';

describe('npm run check', () => {
  const tree = new PlantedTree({ 'src/domain/breach.ts': 'export const x: string = Math.random();\n' });
  after(() => tree.clear());
  const { status, stdout } = spawnSync(process.execPath, [join(tree.root, 'config/tools/check.ts')], {
    cwd: tree.root,
    encoding: 'utf8',
  });

  test('fails when a part does', () => assert.equal(status, 1, stdout));

  test('has a line with the time for each part, and the findings', () => {
    for (const name of ['types', 'lint', 'unused', 'imports']) {
      assert.match(stdout, new RegExp(`^(ok  |FAIL) ${name} +\\d+\\.\\d s`, 'm'));
    }
    assert.match(stdout, /^FAIL types/m);
    assert.match(stdout, /^FAIL lint/m);
    assert.match(stdout, /src\/domain\/breach\.ts.*TS2322/);
    assert.match(stdout, /src\/domain\/breach\.ts.*purity\(only-ports\)/);
  });
});
