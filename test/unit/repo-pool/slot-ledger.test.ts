import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { runnerId, slotId } from '../../../src/domain/ids.ts';
import { SlotLedger, slotNumber } from '../../../src/repo-pool/slot-ledger.ts';

describe('the ledger of slots', () => {
  it('takes the one of the lowest rank, of equal ones the first, and none that is refused', () => {
    const ledger = new SlotLedger(4);
    const ranks = new Map([[slotId('slot-1'), null], [slotId('slot-2'), 2], [slotId('slot-3'), 1], [slotId('slot-4'), 1]]);
    const preference = (id: ReturnType<typeof slotId>): number | null => ranks.get(id) ?? null;
    const taken = ['a', 'b', 'c', 'd'].map((name) => ledger.take(runnerId(name), preference));
    assert.deepEqual(taken.map((result) => (result.ok ? result.value : result.error.kind)), ['slot-3', 'slot-4', 'slot-2', 'unavailable']);
  });

  it('never gives a slot to two, nor two slots to one, whatever is asked in whatever order', () => {
    const step = fc.record({ runner: fc.integer({ min: 0, max: 5 }), kind: fc.constantFrom('take', 'drop', 'reclaim'), slot: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ledger = new SlotLedger(3);
        for (const { runner, kind, slot } of steps) {
          const who = runnerId(`r${runner}`);
          const id = slotId(`slot-${slot}`);
          const before = ledger.held();
          if (kind === 'take') {
            const taken = ledger.take(who);
            if (taken.ok) assert.ok(!before.has(taken.value) && ![...before.values()].includes(who));
          } else if (kind === 'drop') {
            assert.equal(ledger.drop(id, who), before.get(id) === who);
          } else {
            assert.equal(ledger.reclaim(id, who, 'here').ok, (before.get(id) ?? who) === who);
          }
        }
      }),
    );
  });

  it('knows what is the name of a slot', () => {
    assert.deepEqual(['slot-1', 'slot-12', 'slot-0', 'slot-01', '../slot-1', 'slot-1/x'].map(slotNumber), [1, 12, null, null, null, null]);
  });
});
