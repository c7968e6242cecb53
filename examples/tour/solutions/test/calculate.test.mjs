import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { calculate } from '../src/calculate.mjs';

const examples = JSON.parse(readFileSync(new URL('examples.json', import.meta.url), 'utf8'));

for (const [expression, answer] of Object.entries(examples)) {
  test(`${expression} is ${answer}`, () => assert.equal(calculate(expression), answer));
}
