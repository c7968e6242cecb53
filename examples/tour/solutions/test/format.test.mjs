import assert from 'node:assert/strict';
import test from 'node:test';
import { format } from '../src/format.mjs';

test('noise in the last digits is not shown', () => {
  assert.equal(format(0.1 + 0.2), '0.3');
});
test('whole numbers stay whole', () => {
  assert.equal(format(42), '42');
});
test('what is no number is refused', () => {
  assert.throws(() => format(Infinity), RangeError);
});
