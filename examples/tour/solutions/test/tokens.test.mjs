import assert from 'node:assert/strict';
import test from 'node:test';
import { tokensOf } from '../src/tokens.mjs';

test('an expression is cut into numbers and operators', () => {
  assert.deepEqual(tokensOf('1.5 + (2*3) '), [1.5, '+', '(', 2, '*', 3, ')']);
});
test('what is neither is refused', () => {
  assert.throws(() => tokensOf('1 ? 2'), /cannot read "\? 2"/);
});
