import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readBoxes } from '../../../src/importers/markdown/read-plan.ts';
import { tickBoxes, type BoxByte, type Ticked } from '../../../src/importers/markdown/tick.ts';

const ticked = (before: string, now: string, wishes: Readonly<Record<string, BoxByte>>): Ticked => {
  const known = readBoxes(before.replace(/^\uFEFF/, ''));
  const result = tickBoxes(new TextEncoder().encode(now), known, new Map(Object.entries(wishes)));
  assert.ok(result.ok);
  return result.value;
};

const text = ({ bytes }: Ticked): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

describe('ticking boxes', () => {
  it('changes the byte in the box and no other: BOM, CR LF, no last line end, tabs, any script', () => {
    const plan = '\uFEFF# 計画\r\n\r\n- [ ] 1. 型 \t\r\n\t- [-]* 1.1 生成\r\n* [~] 2. B';
    const after = ticked(plan, plan, { 1: 'x', 1.1: 'x', 2: '-' });
    assert.equal(text(after), '\uFEFF# 計画\r\n\r\n- [x] 1. 型 \t\r\n\t- [x]* 1.1 生成\r\n* [-] 2. B');
    assert.deepEqual(after.uncertain, []);
  });

  it('never takes a tick back, and opens only what was in progress', () => {
    const plan = '- [x] 1. A\n- [X] 2. B\n- [-] 3. C\n- [~] 4. D\n- [ ] 5. E\n';
    assert.equal(text(ticked(plan, plan, { 1: ' ', 2: '-', 3: ' ', 4: ' ', 5: ' ' })), '- [x] 1. A\n- [X] 2. B\n- [ ] 3. C\n- [~] 4. D\n- [ ] 5. E\n');
  });

  it('gives back the very bytes when nothing has to be changed', () => {
    const bytes = new TextEncoder().encode('- [x] 1. A\n');
    const result = tickBoxes(bytes, readBoxes('- [x] 1. A\n'), new Map([['1', 'x']]));
    assert.ok(result.ok && result.value.bytes === bytes);
  });

  it('finds a box again after lines were added, removed and moved', () => {
    const before = '- [ ] 1. A\n- [ ] 2. B\n- [ ] 3. C\n';
    const now = '# New title\n\n- [ ] 3. C\n- [ ] 0. New\n  - note\n- [ ] 2. B\n';
    assert.equal(text(ticked(before, now, { 2: 'x', 3: 'x' })), '# New title\n\n- [x] 3. C\n- [ ] 0. New\n  - note\n- [x] 2. B\n');
  });

  const uncertain: readonly (readonly [what: string, before: string, now: string, id: string])[] = [
    ['is gone', '- [ ] 1. A\n- [ ] 2. B\n', '- [ ] 2. B\n', '1'],
    ['has another title now', '- [ ] 1. A\n', '- [ ] 1. B\n', '1'],
    ['has another number now', '- [ ] 1. A\n', '- [ ] 2. A\n- [ ] 1. B\n', '1'],
    ['is there twice now', '- [ ] 1. A\n', '- [ ] 1. A\n- [ ] 1. A\n', '1'],
    ['was there twice', '- [ ] 1. A\n- [ ] 1. A\n', '- [ ] 1. A\n', '1'],
    ['is in code now', '- [ ] 1. A\n', '```\n- [ ] 1. A\n```\n- [ ] 2. B\n', '1'],
    ['is malformed now', '- [ ] 1. A\n', '- [] 1. A\n', '1'],
    ['never was', '- [ ] 1. A\n', '- [ ] 1. A\n', '7'],
  ];
  for (const [what, before, now, id] of uncertain) {
    it(`writes nothing for a box that ${what}`, () => {
      const after = ticked(before, now, { [id]: 'x' });
      assert.equal(text(after), now);
      assert.deepEqual([after.settled, after.uncertain], [[], [id]]);
    });
  }

  it('tells boxes of the same title apart by what they stand below', () => {
    const plan = '- [ ] A\n  - [ ] Test\n- [ ] B\n  - [ ] Test\n';
    assert.equal(text(ticked(plan, `- [ ] New\n${plan}`, { 'b.test': 'x' })), '- [ ] New\n- [ ] A\n  - [ ] Test\n- [ ] B\n  - [x] Test\n');
  });

  it('leaves a file alone that is no text any more', () => {
    const result = tickBoxes(Uint8Array.of(0x2d, 0xff), readBoxes('- [ ] 1. A\n'), new Map([['1', 'x']]));
    assert.deepEqual(result, { ok: false, error: 'is not text in UTF-8 any more' });
  });
});
