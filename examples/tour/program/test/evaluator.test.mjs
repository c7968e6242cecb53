import assert from 'node:assert/strict';
import test from 'node:test';

const { evaluate } = await import(`${process.env.WORKSHOP}/dist/evaluator.js`);
const number = (value) => ({ kind: 'number', value });

test('subtracts to the left', () => {
  const inner = { kind: 'binary', operator: '-', left: number(9), right: number(4) };
  assert.equal(evaluate({ kind: 'binary', operator: '-', left: inner, right: number(3) }), 2);
});
