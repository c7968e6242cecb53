import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { poolName, specName } from '../../src/domain/ids.ts';
import type { DispatcherSettings } from '../../src/domain/settings.ts';
import type { ReadyTask } from '../../src/domain/task.ts';
import { Scheduler } from '../../src/scheduling/scheduler.ts';
import type { SchedulingPolicy } from '../../src/scheduling/scheduling-policy.ts';
import { LOCAL, poolSettings, readyTask, REGISTRY, settings } from '../model/samples.ts';
import { virtualRun, type VirtualRun } from './virtual-run.ts';

type Name = DispatcherSettings['schedulingPolicy'];
const POLICIES: readonly Name[] = ['fifo', 'priority', 'skill-based', 'fair-share', 'custom'];
const SECOND = poolName('second');
const OFF = poolName('off');
/** As the built-in one, but written by a person. */
const mine: SchedulingPolicy = { name: 'mine', compare: (a, b) => b.priority - a.priority || a.position - b.position };

const MAX_PASSED_OVER = 10;
const chosen = (schedulingPolicy: Name, rest: Partial<DispatcherSettings> = {}): DispatcherSettings =>
  settings({
    schedulingPolicy,
    maxGlobalConcurrency: 40,
    slots: 40,
    strictSkills: true,
    skillMapping: new Map([['web', [SECOND, LOCAL]], ['off', [OFF]]]),
    concurrencyKeys: new Map([['db', 2]]),
    maxPassedOver: MAX_PASSED_OVER,
    ...rest,
  });
const pools = [
  poolSettings({ maxConcurrency: 20, cpuQuota: 8 }),
  poolSettings({ name: SECOND, maxConcurrency: 3, cpuQuota: 4 }),
  poolSettings({ name: OFF, enabled: false }),
];

const task = fc.record({
  spec: fc.constantFrom('a', 'b', 'c').map(specName),
  priority: fc.nat(3),
  requiredSkill: fc.constantFrom(null, 'web'),
  cpu: fc.constantFrom(1, 2, 3),
  concurrencyKey: fc.constantFrom(null, null, 'db'),
});
type Drawn = typeof task extends fc.Arbitrary<infer T> ? T : never;
const arrival = fc.record({ at: fc.integer({ min: 0, max: 60_000 }), task });

const tasksOf = (drawn: readonly { readonly at: number; readonly task: Drawn }[]): VirtualRun['arrivals'] =>
  drawn.map((one, i) => ({ at: one.at, task: readyTask(`t${i}`, { ...one.task, position: i, readyAt: one.at }) }));
const durationMs = ({ position }: ReadyTask): number => 1000 + ((position * 7919) % 10_000);

for (const name of POLICIES) {
  const run = (arrivals: VirtualRun['arrivals'], rest: Partial<DispatcherSettings> = {}) =>
    virtualRun({ settings: chosen(name, rest), pools, policy: mine, arrivals, durationMs, untilMs: 3_600_000 });

  describe(`under ${name}`, () => {
    it('a task that cannot be placed never delays one that can', () => {
      const misfit = fc.constantFrom<Partial<ReadyTask>>({ requiredSkill: 'cobol' }, { requiredSkill: 'off' }, { cpu: 99 }, { requiredSkill: 'web', cpu: 9 });
      fc.assert(
        fc.property(fc.array(arrival, { maxLength: 60 }), fc.array(fc.tuple(fc.integer({ min: 0, max: 60_000 }), misfit), { maxLength: 10 }), (drawn, misfits) => {
          const arrivals = tasksOf(drawn);
          const stuck = misfits.map(([at, rest], i) => ({ at, task: readyTask(`m${i}`, { spec: specName('stuck'), priority: 99, position: -1 - i, ...rest }) }));
          const starts = run(arrivals);
          assert.equal(starts.length, arrivals.length, 'all of them run');
          const beside = run([...arrivals, ...stuck]).map(({ task: { key }, at, pool }) => [key, at, pool]);
          assert.deepEqual(beside, starts.map(({ task: { key }, at, pool }) => [key, at, pool]));
        }),
        { numRuns: 40 },
      );
    });

    it('one large task starts after a bounded number of small ones that another set has queued', () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 30_000 }), fc.integer({ min: 1, max: 20 }), (at, max) => {
          const small = Array.from({ length: 1000 }, (_, i) => ({ at: 0, task: readyTask(`s${i}`, { spec: specName('many'), cpu: 1, position: i + 1 }) }));
          // First come, or more urgent: before the small ones by any order but fair-share's, which needs neither.
          const eager = name === 'fair-share' ? {} : { priority: 1, position: 0 };
          const large = readyTask('large', { spec: specName('one'), cpu: 8, position: 5000, ...eager });
          const starts = run([...small, { at, task: large }], { maxPassedOver: max });
          const index = starts.findIndex(({ task: { key } }) => key === large.key);
          const before = starts.slice(0, index).filter((one) => one.at >= at);
          assert.ok(index >= 0 && before.length <= max, `${before.length} small ones started while it waited`);
          const lastEnd = Math.max(at, ...starts.slice(0, index).map(({ until }) => until));
          assert.ok((starts[index]?.at ?? Number.POSITIVE_INFINITY) <= lastEnd, 'it waits no longer than what runs there');
        }),
        { numRuns: 15 },
      );
    });

    it('equals are taken first in, first out', () => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), (count, seed) => {
          const arrivals = Array.from({ length: count }, (_, i) => ({ at: 0, task: readyTask(`t${i}`, { cpu: 1, position: i, readyAt: 0 }) }));
          const shuffled = arrivals.toSorted((a, b) => ((a.task.position * seed) % 41) - ((b.task.position * seed) % 41));
          assert.deepEqual(run(shuffled).map(({ task: { position } }) => position), arrivals.map((_, i) => i));
        }),
      );
    });

    it('a new priority of a queued task counts for the very next start', () => {
      fc.assert(
        fc.property(fc.array(task, { minLength: 2, maxLength: 40 }), fc.nat(), (drawn, which) => {
          const single = poolSettings({ maxConcurrency: 1 });
          const scheduler = new Scheduler(settings({ schedulingPolicy: name }), [single], REGISTRY, mine);
          // One set: between sets, fair-share has a word to say, too.
          const tasks = drawn.map((one, i) => readyTask(`t${i}`, { ...one, spec: specName('app'), concurrencyKey: null, position: i }));
          for (const one of tasks) scheduler.add(one, 0, 0);
          const [first] = scheduler.plan(0);
          const waiting = tasks.filter(({ key }) => key !== first?.task.key);
          const urgent = waiting[which % waiting.length];
          assert.ok(first !== undefined && urgent !== undefined);
          scheduler.add({ ...urgent, priority: 1000 }, 0, 1);
          scheduler.release(first.task.key, first.runnerId, true, 1);
          const expected = name === 'fifo' ? waiting[0]?.key : urgent.key;
          assert.deepEqual(scheduler.plan(1).map((one) => one.task.key), [expected]);
        }),
      );
    });
  });
}
