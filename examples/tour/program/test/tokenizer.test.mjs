import assert from 'node:assert/strict';
import test from 'node:test';

const { tokenize } = await import(`${process.env.WORKSHOP}/dist/tokenizer.js`);

test('cuts an expression into numbers and operators', () => {
  assert.equal(tokenize('1.5 + (2*3)').length, 7);
});
test('refuses what is neither', () => {
  assert.throws(() => tokenize('1 ? 2'), SyntaxError);
});
