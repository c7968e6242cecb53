import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Silence } from '../../../src/registry/silence.ts';

describe('how long a holder has been silent', () => {
  it('is the time since its last sign was first seen', () => {
    const silence = new Silence();
    assert.deepEqual([silence.look('a', 500), silence.look('a', 900), silence.look('a', 1300)], [0, 400, 800]);
    assert.equal(silence.look('b', 1400), 0);
    assert.equal(silence.look('b', 1450), 50);
  });

  it('does not grow while nobody looks: the watcher was stopped, or the machine slept', () => {
    const silence = new Silence();
    silence.look('a', 0);
    assert.equal(silence.look('a', 3_600_000), 1000);
    assert.equal(silence.look('a', 3_600_100), 1100);
  });

  it('law: never more than the time that passed, and nothing right after a sign', () => {
    const look = fc.record({ pause: fc.integer({ min: 0, max: 5000 }), isAlive: fc.boolean() });
    fc.assert(
      fc.property(fc.array(look), (looks) => {
        const silence = new Silence();
        let [now, sign, lastSign] = [0, 0, 0];
        silence.look('0', now);
        for (const { pause, isAlive } of looks) {
          now += pause;
          if (isAlive) [sign, lastSign] = [sign + 1, now];
          const ms = silence.look(String(sign), now);
          assert.ok(ms <= now - lastSign);
          assert.ok(!isAlive || ms === 0);
        }
      }),
    );
  });
});
