import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { forecastRegistry } from '../../src/app/simulated-registries.ts';
import { poolName, specName, taskId, taskKey, type TaskKey } from '../../src/domain/ids.ts';
import type { TaskDefinition } from '../../src/domain/task.ts';
import { criticalPath } from '../../src/simulation/what-if/critical-path.ts';
import { drawnMs, durationOf, isUncertain, placeOf, type Duration, type DurationModel } from '../../src/simulation/what-if/durations.ts';
import { definitionsOf, forecast, type Forecast } from '../../src/simulation/what-if/forecast.ts';
import { combinations } from '../../src/simulation/what-if/variant.ts';
import { definition } from '../definition.ts';
import { LOCAL, poolSettings, settings } from '../model/samples.ts';

const SPEC = specName('p');
const key = (n: number): TaskKey => taskKey(SPEC, taskId(`t${n}`));

const duration: fc.Arbitrary<Duration> = fc.oneof(
  fc.record({ kind: fc.constant('fixed' as const), ms: fc.integer({ min: 0, max: 100_000 }) }),
  fc
    .tuple(fc.nat(50_000), fc.nat(50_000), fc.nat(50_000))
    .map(([min, rise, fall]) => ({ kind: 'triangular' as const, min, mode: min + rise, max: min + rise + fall })),
  fc.tuple(fc.integer({ min: 1, max: 50_000 }), fc.nat(50_000)).map(([p50, more]) => ({ kind: 'logNormal' as const, p50, p90: p50 + more })),
  fc.array(fc.nat(100_000), { minLength: 1, maxLength: 5 }).map((list) => ({ kind: 'observed' as const, sorted: list.toSorted((a, b) => a - b) })),
);

const modelOf = (tasks: readonly (readonly [string, Duration])[], fallback: Duration = { kind: 'fixed', ms: 60_000 }): DurationModel => ({
  tasks: new Map(tasks),
  places: new Map(),
  skills: new Map(),
  pools: new Map(),
  fallback,
});

interface Drawn {
  readonly tasks: readonly TaskDefinition[];
  readonly ms: readonly number[];
  readonly slots: number;
}

/** Plans in which each task waits for some of those before it. */
const plan: fc.Arbitrary<Drawn> = fc
  .record({
    sketches: fc.array(
      fc.record({ on: fc.array(fc.nat(11), { maxLength: 3 }), ms: fc.integer({ min: 1, max: 500_000 }), priority: fc.integer({ min: -2, max: 2 }) }),
      { minLength: 1, maxLength: 12 },
    ),
    slots: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ sketches, slots }) => ({
    slots,
    ms: sketches.map(({ ms }) => ms),
    tasks: sketches.map(({ on, priority }, i) =>
      definition(`t${i}`, { priority, dependencies: [...new Set(on.filter((n) => n < i))].map(key), command: ['work'] }),
    ),
  }));

const forecastOf = ({ tasks, ms, slots }: Drawn, seed = 1): Forecast => {
  const sets = [{ name: SPEC, repo: null, weight: 1, maxConcurrency: null, done: [], tasks }];
  const durations = modelOf(ms.map((each, i) => [key(i), { kind: 'fixed', ms: each }] as const));
  const found = forecast({
    settings: settings({ maxGlobalConcurrency: 8, slots: 8 }),
    pools: [poolSettings({ maxConcurrency: slots })],
    policy: null,
    source: forecastRegistry(),
    sets,
    durations,
    seed,
  });
  assert.ok(found.ok, found.ok ? '' : found.error.message);
  return found.value;
};

describe('a forecast', () => {
  it('takes no less than the longest way through the plan, nor than all its work by all slots; and no more than all its work', () => {
    fc.assert(
      fc.property(plan, (drawn) => {
        const { attempts, makespanMs, counts } = forecastOf(drawn);
        assert.equal(counts.done, drawn.tasks.length);
        assert.equal(attempts.length, drawn.tasks.length);
        const work = drawn.ms.reduce((sum, ms) => sum + ms, 0);
        const definitions = definitionsOf({ sets: [{ name: SPEC, repo: null, weight: 1, maxConcurrency: null, done: [], tasks: drawn.tasks }] });
        const msOf = (name: TaskKey): number => drawn.ms[Number(name.slice(key(0).length - 1))] ?? 0;
        const { ms, tasks } = criticalPath(definitions, msOf);
        assert.equal(ms, tasks.reduce((sum, name) => sum + msOf(name), 0), 'the path takes what its tasks take');
        for (const [i, name] of tasks.slice(1).entries()) assert.ok(definitions.get(name)?.dependencies.includes(tasks[i] ?? key(-1)));
        assert.ok(makespanMs >= ms, `${makespanMs} < ${ms}`);
        assert.ok(makespanMs >= work / drawn.slots);
        assert.ok(makespanMs <= work, 'somebody always works');
      }),
      { numRuns: 40 },
    );
  });

  it('keeps to limits and dependencies, and is the same for the same seed', () => {
    fc.assert(
      fc.property(plan, fc.nat(1000), (drawn, seed) => {
        const one = forecastOf(drawn, seed);
        assert.deepEqual(forecastOf(drawn, seed), one);
        const ends = new Map(one.attempts.map((attempt) => [attempt.key, attempt.endedAt]));
        for (const { key: name, startedAt, readyAt } of one.attempts) {
          assert.ok(startedAt >= readyAt);
          const task = drawn.tasks.find(({ id }) => key(0).startsWith('p/') && name === taskKey(SPEC, id));
          for (const on of task?.dependencies ?? []) assert.ok(startedAt >= (ends.get(on) ?? Number.POSITIVE_INFINITY));
          const atOnce = one.attempts.filter((other) => other.startedAt <= startedAt && startedAt < other.endedAt);
          assert.ok(atOnce.length <= drawn.slots);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('of one slot runs in the order of priority, then of writing', () => {
    const tasks = [3, 1, 2].map((priority, i) => definition(`t${i}`, { priority, command: ['work'] }));
    const { attempts, makespanMs } = forecastOf({ tasks, ms: [10, 20, 30], slots: 1 });
    assert.deepEqual(attempts.map(({ key: name, startedAt }) => [name, startedAt]), [[key(0), 0], [key(2), 10], [key(1), 40]]);
    assert.equal(makespanMs, 60);
  });

  it('foretells time limits, retries and what never starts', () => {
    const tasks = [
      definition('t0', { timeoutMs: 5000, retry: { maxAttempts: 2, initialIntervalMs: 1000 }, command: ['work'] }),
      definition('t1', { dependencies: [key(0)], command: ['work'] }),
      definition('t2', { dependencies: [key(3)], command: ['work'] }),
      definition('t3', { dependencies: [key(2)], command: ['work'] }),
    ];
    const { attempts, failed, stuck, counts } = forecastOf({ tasks, ms: [60_000, 1, 1, 1], slots: 2 });
    assert.deepEqual(attempts.map(({ attempt, end }) => [attempt, end]), [[1, 'failed'], [2, 'failed']]);
    assert.match(failed[0]?.reason ?? '', /ran longer than its limit of 5s/);
    assert.deepEqual(stuck, ['tasks wait for each other: p/t2 → p/t3 → p/t2; 2 tasks held up', 'p/t0 failed, and 1 task waits for it']);
    assert.deepEqual([counts.failed, counts.blocked], [1, 3]);
  });
});

describe('durations', () => {
  it('grow with luck, and lie within what was said of them', () => {
    const luck = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(duration, luck, luck, (each, a, b) => {
        const [less, more] = [drawnMs(each, Math.min(a, b)), drawnMs(each, Math.max(a, b))];
        assert.ok(less <= more, `${less} <= ${more}`);
        assert.ok(Number.isSafeInteger(less) && less >= 0);
        if (each.kind === 'triangular') assert.ok(less >= each.min && more <= each.max);
        if (each.kind === 'observed') assert.ok(less >= (each.sorted[0] ?? 0) && more <= (each.sorted.at(-1) ?? 0));
        if (!isUncertain(modelOf([], each))) assert.equal(less, more);
      }),
    );
  });

  it('with a p50 and a p90 have them', () => {
    const each: Duration = { kind: 'logNormal', p50: 60_000, p90: 600_000 };
    assert.deepEqual([drawnMs(each, 0.5), drawnMs(each, 0.9)], [60_000, 600_000]);
  });

  it('are looked up by task, in any run of its set, then by pool and skill, skill, pool, and else', () => {
    const fixed = (ms: number): Duration => ({ kind: 'fixed', ms });
    const model: DurationModel = {
      tasks: new Map([['p/a', fixed(1)], ['b', fixed(2)]]),
      places: new Map([[placeOf(LOCAL, 'web'), fixed(3)]]),
      skills: new Map([['web', fixed(4)], ['data', fixed(5)]]),
      pools: new Map([[LOCAL, fixed(6)]]),
      fallback: fixed(7),
    };
    const found = (name: string, skill: string | null, pool = LOCAL): number =>
      drawnMs(durationOf(model, { key: name as TaskKey, skill, pool }), 0);
    assert.deepEqual([found('p/a', 'web'), found('p@3/a', null), found('q/b', 'web'), found('p/c', 'web')], [1, 1, 2, 3]);
    const other = poolName('other');
    assert.deepEqual([found('p/c', 'web', other), found('p/c', 'data'), found('p/c', null), found('p/c', null, other)], [4, 5, 6, 7]);
  });
});

it('policies and pool sizes are combined each with each', () => {
  const sizes = new Map([[LOCAL, [1, 2]], [poolName('other'), [3, 4]]]);
  const told = combinations(['fifo', 'priority'], sizes).map(({ policy, sizes: chosen }) => `${policy} ${[...chosen.values()].join()}`);
  assert.deepEqual(told, ['fifo 1,3', 'fifo 1,4', 'fifo 2,3', 'fifo 2,4', 'priority 1,3', 'priority 1,4', 'priority 2,3', 'priority 2,4']);
});
