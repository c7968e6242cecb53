import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { linePattern } from '../../src/domain/line-pattern/line-pattern.ts';

const literal = fc.constantFrom('a', 'b', 'c', '1', ' ', '_', '-', '.', '\\d', '\\w', '\\s', '\\D', '\\W', '\\S', '\\.', '\\b', '[ab]', '[^a]', '[a-c1]', '[\\d_]');

const repeat = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{0,2}', '{1,}', '*?');

const simple = fc.oneof(
  fc.tuple(literal, repeat).map(([one, times]) => (one === '\\b' ? one : `${one}${times}`)),
  fc.constantFrom('^', '$'),
);
const choiceOf = (part: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(fc.array(part, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 }).map((ways) => ways.map((way) => way.join('')).join('|'));
const groupOf = (inner: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom('(', '(?:'), inner, repeat).map(([open, text, times]) => `${open}${text})${times}`);

/** Patterns out of all that is known, nested once: deeper ones keep JavaScript busy for minutes. */
const pattern = choiceOf(fc.oneof(simple, groupOf(choiceOf(simple))));

const line = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A', '1', ' ', '_', '-', '.', 'x'), maxLength: 8 });

describe('a line pattern', () => {
  it('finds what a regular expression of JavaScript finds', () => {
    fc.assert(
      fc.property(pattern, line, fc.boolean(), (source, text, ignoreCase) => {
        const mine = linePattern(source, ignoreCase);
        fc.pre(mine.ok);
        assert.equal(mine.value.matches(text), new RegExp(source, ignoreCase ? 'i' : '').test(text), `${source} on ${JSON.stringify(text)}`);
      }),
      { numRuns: 1000 },
    );
  });

  it('understands nothing that JavaScript does not', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '(', ')', '[', ']', '{', '}', '*', '+', '?', '|', '\\', '^', '-', ',', '1'), minLength: 1, maxLength: 10 }), (source) => {
        if (linePattern(source).ok) assert.doesNotThrow(() => new RegExp(source));
      }),
      { numRuns: 3000 },
    );
  });

  it('is done with a line that would keep one of JavaScript busy for years', () => {
    const read = linePattern('^(a+)+(a|aa)*$');
    assert.ok(read.ok);
    assert.equal(read.value.matches(`${'a'.repeat(5000)}!`), false);
  });

  for (const [source, complaint] of [
    ['', /at least one/],
    ['a'.repeat(201), /at most 200/],
    ['(a', /"\(" without its "\)"/],
    ['a)', /"\)" without its "\("/],
    ['[a', /"\[" without its "\]"/],
    ['(?=a)', /known only as/],
    ['a\\1', /not known here/],
    ['a{2,1}', /smaller number first/],
    ['((a{99}){99}){99}', /multiply/],
    ['a**', /repetition of a repetition/],
    ['a\\', /at the end/],
  ] as const) {
    it(`refuses ${JSON.stringify(source.slice(0, 20))}`, () => {
      const read = linePattern(source);
      assert.ok(!read.ok);
      assert.match(read.error, complaint);
    });
  }
});
