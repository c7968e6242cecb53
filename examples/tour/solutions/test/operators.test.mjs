import assert from 'node:assert/strict';
import test from 'node:test';
import { OPERATORS } from '../src/operators.mjs';

test('multiplication binds tighter than addition', () => {
  assert.ok(OPERATORS.get('*').binding > OPERATORS.get('+').binding);
});
test('nothing is divided by zero', () => {
  assert.throws(() => OPERATORS.get('/').apply(1, 0), RangeError);
  assert.throws(() => OPERATORS.get('%').apply(1, 0), RangeError);
});
