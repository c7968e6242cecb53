import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { runnerId, specName, type SpecName } from '../../src/domain/ids.ts';
import { FairShare } from '../../src/scheduling/fair-share.ts';
import { poolSettings, readyTask, settings } from '../model/samples.ts';
import { virtualRun, type Start } from './virtual-run.ts';

const MINUTE = 60_000;
/** Large, so that what one task more or less makes is small. */
const CORES = 80;
const MEMORY = 8000;

const tenant = fc.record({
  cpu: fc.constantFrom(0.25, 0.5, 1),
  memory: fc.constantFrom(20, 50, 100),
  seconds: fc.constantFrom(20, 45, 120),
});
type Tenant = typeof tenant extends fc.Arbitrary<infer T> ? T : never;

/** Of runners, cores and memory: the part that is the largest. */
const dominantShare = ({ cpu, memory }: Tenant): number => Math.max(1 / 1000, cpu / CORES, memory / MEMORY);
const nameOf = (index: number): SpecName => specName(`set-${index}`);

/** Share × time of each set within a window, divided by its weight. */
const usage = (starts: readonly Start[], tenants: readonly Tenant[], weights: readonly number[], [from, to]: readonly [number, number]) =>
  tenants.map((one, i) => {
    const own = starts.filter(({ task }) => task.spec === nameOf(i));
    const time = own.reduce((sum, { at, until }) => sum + Math.max(0, Math.min(until, to) - Math.max(at, from)), 0);
    return (time * dominantShare(one)) / (weights[i] ?? 1);
  });

/** All have more to do than there is time for. */
const contend = (tenants: readonly Tenant[], weights: readonly number[], untilMs: number): readonly Start[] => {
  const arrivals = tenants.flatMap(({ cpu, memory, seconds }, i) =>
    // As many as it could run if it had everything.
    Array.from({ length: Math.ceil((untilMs / (seconds * 1000)) * (1 / dominantShare({ cpu, memory, seconds }))) }, (_, n) => ({
      at: 0,
      task: readyTask(`t${n}`, { spec: nameOf(i), cpu, memory, specWeight: weights[i] ?? 1, position: n * tenants.length + i }),
    })),
  );
  return virtualRun({
    settings: settings({ schedulingPolicy: 'fair-share', maxGlobalConcurrency: 1000, slots: 1000 }),
    pools: [poolSettings({ maxConcurrency: 1000, cpuQuota: CORES, memoryQuota: MEMORY })],
    arrivals,
    // A little luck, or all would end at once for ever.
    durationMs: ({ spec, position }) => ((tenants[Number(spec.slice(4))]?.seconds ?? 1) * 1000 * (80 + ((position * 37) % 41))) / 100,
    untilMs,
  });
};

describe('fair-share', () => {
  it('equal weights converge to equal dominant shares, within 5 %', () => {
    fc.assert(
      fc.property(fc.array(tenant, { minLength: 2, maxLength: 4 }), (tenants) => {
        const equal = tenants.map(() => 1);
        const until = 60 * MINUTE;
        const had = usage(contend(tenants, equal, until), tenants, equal, [10 * MINUTE, until]);
        const mean = had.reduce((a, b) => a + b) / had.length;
        for (const one of had) assert.ok(Math.abs(one - mean) <= 0.05 * mean, had.map((value) => (value / mean).toFixed(3)).join(' '));
      }),
      { numRuns: 6 },
    );
  });

  it('weights 1:2 give 1:2, within 5 %', () => {
    fc.assert(
      fc.property(fc.tuple(tenant, tenant), (tenants) => {
        const weights = [1, 2];
        const until = 60 * MINUTE;
        const [a = 0, b = 0] = usage(contend(tenants, weights, until), tenants, weights, [10 * MINUTE, until]);
        assert.ok(Math.abs(a - b) <= 0.05 * ((a + b) / 2), `${(a / b).toFixed(3)} of what it should be`);
      }),
      { numRuns: 6 },
    );
  });

  it('a set that is new, or was away, has no credit to burst with', () => {
    const early = Array.from({ length: 4000 }, (_, n) => ({ at: 0, task: readyTask(`t${n}`, { spec: nameOf(0), cpu: 1, position: n }) }));
    const burst = Array.from({ length: 1000 }, (_, n) => ({ at: 30 * MINUTE, task: readyTask(`t${n}`, { spec: nameOf(1), cpu: 1, position: 9000 + n }) }));
    const starts = virtualRun({
      settings: settings({ schedulingPolicy: 'fair-share', maxGlobalConcurrency: 10, slots: 10 }),
      pools: [poolSettings({ maxConcurrency: 10 })],
      arrivals: [...early, ...burst],
      durationMs: ({ position }) => 5000 + (position % 7) * 100,
      untilMs: 40 * MINUTE,
    });
    const after = starts.filter(({ at }) => at >= 30 * MINUTE).slice(0, 200);
    const ofBurst = after.filter(({ task }) => task.spec === nameOf(1)).length;
    assert.ok(ofBurst >= 90 && ofBurst <= 115, `${ofBurst} of 200 starts went to the newcomer`);
  });

  it('inside a set priority decides', () => {
    const arrivals = [3, 9, 1].map((priority, n) => ({ at: 0, task: readyTask(`t${n}`, { priority, position: n }) }));
    const starts = virtualRun({
      settings: settings({ schedulingPolicy: 'fair-share' }),
      pools: [poolSettings({ maxConcurrency: 1 })],
      arrivals,
      durationMs: () => 1000,
      untilMs: MINUTE,
    });
    assert.deepEqual(starts.map(({ task }) => task.priority), [9, 3, 1]);
  });
});

describe('what a set has used', () => {
  const one = readyTask('a', { spec: nameOf(0) });
  const other = readyTask('b', { spec: nameOf(1) });
  const nobody = (): boolean => false;

  it('counts half after a half-life, whenever it is looked at', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 90 }), fc.array(fc.integer({ min: 1, max: 500_000 }), { maxLength: 20 }), (halfLives, looks) => {
        const half = 10_000;
        const share = new FairShare(half);
        share.start(runnerId('r'), one, 0.5);
        share.advance(4000, nobody);
        share.end(runnerId('r'));
        share.start(runnerId('s'), other, 0.5);
        for (const at of looks.toSorted((a, b) => a - b)) share.advance(4000 + at, nobody);
        const now = Math.max(4000, 4000 + Math.max(0, ...looks)) + halfLives * half;
        share.advance(now, nobody);
        share.end(runnerId('s'));
        // The integrals of 0.5 · 2^((t − now) / half-life) over [0, 4000] and [4000, now].
        const used = (from: number, to: number): number => ((0.5 * half) / Math.LN2) * (2 ** ((to - now) / half) - 2 ** ((from - now) / half));
        const ratio = share.rankOf(one.spec) / share.rankOf(other.spec);
        const exact = used(0, 4000) / used(4000, now);
        assert.ok(Math.abs(ratio - exact) <= 1e-6 * exact, `${ratio} is not ${exact}`);
      }),
    );
  });

  it('is charged at the start, so that decisions of one moment know of each other', () => {
    const share = new FairShare(1e9);
    share.enter(one, true);
    share.enter(other, true);
    assert.equal(share.rankOf(one.spec), share.rankOf(other.spec));
    share.start(runnerId('r'), one, 0.1);
    assert.ok(share.rankOf(one.spec) > share.rankOf(other.spec));
    share.end(runnerId('r'));
    assert.equal(share.rankOf(one.spec), share.rankOf(other.spec), 'no time has passed');
  });

  it('is forgotten where it makes no difference', () => {
    const share = new FairShare(1e9);
    const busy = readyTask('z', { spec: specName('busy') });
    for (let i = 0; i < 5000; i += 1) {
      const task = readyTask('x', { spec: specName(`once-${i}`) });
      share.start(runnerId(`b${i}`), busy, 1);
      share.start(runnerId(`r${i}`), task, 0.001);
      share.advance((i + 1) * 2000, nobody);
      share.end(runnerId(`r${i}`));
      share.end(runnerId(`b${i}`));
    }
    assert.ok(share.size < 3000, `${share.size} sets are remembered`);
    assert.ok(share.rankOf(busy.spec) > 0);
  });
});
