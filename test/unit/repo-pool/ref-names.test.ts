import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { registryId } from '../../../src/domain/ids.ts';
import { branchNames, refPart, salvageRef } from '../../../src/repo-pool/git/ref-names.ts';

const registry = registryId('0a1b2c3d-1111-4222-8333-444455556666');

const isValid = (ref: string): boolean => {
  try {
    execFileSync('git', ['check-ref-format', ref], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** Texts that are close to what git refuses. */
const awkward = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
  fc.array(fc.constantFrom('.', '..', '/', '@{', '@', '.lock', '~', '^', ':', '?', '*', '[', '\\', ' ', '-', '%', '%2E', 'a', 'é', '仕', '\u0000', '\n'), { minLength: 1, maxLength: 8 }).map((parts) => parts.join('')),
);

describe('a part of a reference', () => {
  for (const [text, part] of [
    ['1.2', '1.2'],
    ['build-it_now', 'build-it_now'],
    ['設計', '設計'],
    ['a/b', 'a%2Fb'],
    ['a.lock', 'a%2Elock'],
    ['.a', '%2Ea'],
    ['a.', 'a%2E'],
    ['a..b', 'a%2E.b'],
    ['@{', '@%7B'],
    ['100%', '100%25'],
    ['two words', 'two%20words'],
  ] as const) {
    it(`is ${part} for ${text}`, () => assert.equal(refPart(text), part));
  }

  it('can be read back, and is another one for another text', () => {
    fc.assert(
      fc.property(awkward, (text) => {
        if (!text.isWellFormed()) return;
        assert.equal(decodeURIComponent(refPart(text)), text);
      }),
    );
  });

  it('is one that git takes, and one level deep', () => {
    fc.assert(
      fc.property(awkward, awkward, (spec, id) => {
        const ref = salvageRef({ spec, id, attempt: 1 });
        assert.equal(ref.split('/').length, 5);
        assert.ok(isValid(ref), ref);
      }),
      { numRuns: 60 },
    );
  });

  it('fits a file name however long the text is, and still tells texts apart', () => {
    const texts = ['x'.repeat(400), `${'x'.repeat(399)}y`, '語'.repeat(200), '/'.repeat(200)];
    const parts = texts.map(refPart);
    assert.equal(new Set(parts).size, texts.length);
    for (const part of parts) {
      assert.ok(Buffer.byteLength(part) <= 200, part);
      assert.ok(isValid(`refs/heads/${part}`), part);
    }
  });
});

describe('a branch', () => {
  it('has the plain name, and others with the short UUID when that is taken', () => {
    assert.deepEqual(branchNames({ spec: 'app', id: '1.2', attempt: 3 }, registry), [
      'task/app/1.2/3',
      'task/app/1.2/3-0a1b2c3d',
      'task-0a1b2c3d/app/1.2/3',
    ]);
  });
});
