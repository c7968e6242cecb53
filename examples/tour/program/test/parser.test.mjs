import assert from 'node:assert/strict';
import test from 'node:test';

const { tokenize } = await import(`${process.env.WORKSHOP}/dist/tokenizer.js`);
const { parse } = await import(`${process.env.WORKSHOP}/dist/parser.js`);

test('multiplication binds tighter than addition', () => {
  const tree = parse(tokenize('1 + 2 * 3'));
  assert.equal(tree.operator, '+');
  assert.equal(tree.right.operator, '*');
});
test('an open bracket is an error', () => {
  assert.throws(() => parse(tokenize('(1 + 2')), SyntaxError);
});
