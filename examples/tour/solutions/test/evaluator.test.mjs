import assert from 'node:assert/strict';
import test from 'node:test';
import { evaluate } from '../src/evaluator.mjs';

test('a tree is worked out from its leaves', () => {
  assert.equal(evaluate({ operator: '-', left: { operator: '*', left: 9, right: 4 }, right: 3 }), 33);
});
