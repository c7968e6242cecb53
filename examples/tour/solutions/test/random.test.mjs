import assert from 'node:assert/strict';
import test from 'node:test';
import { calculate } from '../src/calculate.mjs';
import { format } from '../src/format.mjs';

/** The same numbers each time: a test that fails today fails tomorrow. */
const MODULUS = 2 ** 31 - 1;
let state = 42;
const below = (limit) => {
  state = (state * 48271) % MODULUS;
  return state % limit;
};
/** A text with its value: a sum of products of numbers and of such texts in brackets. */
const sum = (depth) => {
  let { text, value } = product(depth);
  for (let more = below(3); more > 0; more -= 1) {
    const next = product(depth);
    const isPlus = below(2) === 0;
    text += ` ${isPlus ? '+' : '-'} ${next.text}`;
    value += isPlus ? next.value : -next.value;
  }
  return { text, value };
};
const product = (depth) => {
  let { text, value } = factor(depth);
  for (let more = below(3); more > 0; more -= 1) {
    const next = factor(depth);
    text += ` * ${next.text}`;
    value *= next.value;
  }
  return { text, value };
};
const factor = (depth) => {
  if (depth === 0 || below(2) === 0) {
    const value = below(5);
    return { text: String(value), value };
  }
  const { text, value } = sum(depth - 1);
  return { text: `(${text})`, value };
};

test('a thousand random expressions have the answers that they were made with', () => {
  for (let i = 0; i < 1000; i += 1) {
    const { text, value } = sum(2);
    assert.equal(calculate(text), format(value), text);
  }
});
