import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../src/calc.mjs', import.meta.url));
const calc = (...args) => spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });

test('the command prints the answer', () => {
  assert.equal(calc('6', '*', '7').stdout, '42\n');
});
test('the command says in one line what it cannot read', () => {
  const { status, stderr } = calc('1 +');
  assert.deepEqual([status, stderr], [1, 'calc: something is missing at the end\n']);
});
