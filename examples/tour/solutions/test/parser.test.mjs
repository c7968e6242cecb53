import assert from 'node:assert/strict';
import test from 'node:test';
import { parse } from '../src/parser.mjs';
import { tokensOf } from '../src/tokens.mjs';

const tree = (text) => parse(tokensOf(text));

test('multiplication is done before addition', () => {
  assert.deepEqual(tree('1 + 2 * 3'), { operator: '+', left: 1, right: { operator: '*', left: 2, right: 3 } });
});
test('equal ones are done from the left, powers from the right', () => {
  assert.deepEqual(tree('9 - 4 - 3'), { operator: '-', left: { operator: '-', left: 9, right: 4 }, right: 3 });
  assert.deepEqual(tree('2 ^ 3 ^ 2'), { operator: '^', left: 2, right: { operator: '^', left: 3, right: 2 } });
});
test('what is not whole is refused', () => {
  for (const text of ['', '1 +', '(1 + 2', '1 2', '* 3']) assert.throws(() => tree(text), SyntaxError);
});
