import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Ports } from '../../src/runtime/ports.ts';
import { drawPlan } from '../../src/simulation/draw-plan.ts';
import { firstDivergence } from '../../src/simulation/trace.ts';
import { run } from './no-violation.ts';

const CHILD = join(import.meta.dirname, 'determinism-child.ts');
const SEEDS = [1, 7, 42];

/** A draw of luck that no seed decides. */
const unseeded = (ports: Ports): Ports => ({ ...ports, entropy: { draw: () => Math.random() } });

describe('the same plan', () => {
  for (const seed of SEEDS) {
    it(`has the same trace twice, and in a process of its own: seed ${seed}`, () => {
      const { trace } = run(drawPlan(seed, 'swarm'));
      assert.match(trace, /^[0-9a-f]{64}$/);
      assert.equal(run(drawPlan(seed, 'swarm')).trace, trace);
      assert.equal(execFileSync(process.execPath, [CHILD, String(seed)], { encoding: 'utf8' }), trace);
    });
  }

  it('of another seed has another trace', () => {
    assert.equal(new Set(SEEDS.map((seed) => run(drawPlan(seed, 'swarm')).trace)).size, SEEDS.length);
  });
});

describe('a planted Math.random', () => {
  it('is seen, and the first step that differs is named', () => {
    const plan = drawPlan(3, 'swarm');
    const jittery = { ...plan, settings: { ...plan.settings, jitter: 0.5 }, faults: { runnerFails: 1 } };
    const [one, other] = [run(jittery, { tamper: unseeded, keepTrace: true }), run(jittery, { tamper: unseeded, keepTrace: true })];
    assert.notEqual(one.trace, other.trace);
    const parted = firstDivergence(one.lines, other.lines);
    assert.ok(parted !== null && parted.step > 1, 'where they part is known');
    assert.equal(one.lines[parted.step - 2], other.lines[parted.step - 2]);
    assert.notEqual(parted.one, parted.other);
    const again = run(jittery, { keepTrace: true });
    assert.equal(firstDivergence(again.lines, run(jittery, { keepTrace: true }).lines), null);
  });
});
