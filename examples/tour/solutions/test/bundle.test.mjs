import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

test('the one file works where nothing else is', () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'calc-'));
  try {
    copyFileSync(fileURLToPath(new URL('../dist/calc.mjs', import.meta.url)), join(elsewhere, 'calc.mjs'));
    assert.equal(execFileSync(process.execPath, [join(elsewhere, 'calc.mjs'), '6 * 7'], { encoding: 'utf8' }), '42\n');
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});
