import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { poolName, specName, type PoolName } from '../../src/domain/ids.ts';
import type { DispatcherSettings } from '../../src/domain/settings.ts';
import type { ReadyTask } from '../../src/domain/task.ts';
import { candidatePools } from '../../src/scheduling/placement.ts';
import { Scheduler, type Assignment } from '../../src/scheduling/scheduler.ts';
import { fifoOrder, priorityOrder } from '../../src/scheduling/task-order.ts';
import { poolSettings, readyTask, REGISTRY, settings } from '../model/samples.ts';

const [ONE, TWO] = [poolName('one'), poolName('two')];
const POOLS = [
  poolSettings({ name: ONE, maxConcurrency: 3, cpuQuota: 2, defaultResources: { cpu: 0.5, memory: 64 } }),
  poolSettings({ name: TWO, maxConcurrency: 2, memoryQuota: 240, defaultResources: { cpu: 1, memory: 100 } }),
];
const CHOSEN = settings({
  maxGlobalConcurrency: 4,
  slots: 5,
  skillMapping: new Map([['web', [TWO]], ['any', [ONE, TWO]]]),
  defaultPools: [ONE],
  strictSkills: true,
  concurrencyKeys: new Map([['db', 2]]),
  // Nothing is kept for anybody: what could run, does.
  maxPassedOver: Number.POSITIVE_INFINITY,
});

const task = fc
  .record({
    id: fc.nat(15),
    spec: fc.constantFrom('a', 'b').map(specName),
    priority: fc.nat(3),
    requiredSkill: fc.constantFrom(null, 'web', 'any', 'cobol'),
    cpu: fc.constantFrom(null, 0.3, 1.1, 5),
    memory: fc.constantFrom(null, 150, 1000),
    concurrencyKey: fc.constantFrom(null, 'db', 'other'),
  })
  .map(({ id, ...rest }) =>
    readyTask(`t${id}`, { ...rest, position: id, specMaxConcurrency: rest.spec === 'a' ? 2 : null }),
  );

const operation = fc.oneof(
  { weight: 6, arbitrary: task.map((added) => ({ kind: 'add' as const, added })) },
  { weight: 3, arbitrary: fc.nat().map((which) => ({ kind: 'finish' as const, which })) },
  fc.tuple(fc.constantFrom(ONE, TWO), fc.boolean()).map(([pool, on]) => ({ kind: 'switch' as const, pool, on })),
  task.map(({ key }) => ({ kind: 'drop' as const, key })),
);

const within = (live: readonly Assignment[], limit: number, of: (one: Assignment) => boolean): void =>
  assert.ok(live.filter(of).length <= limit);
const sum = (live: readonly Assignment[], pool: PoolName, of: (task: ReadyTask) => number): number =>
  live.filter((one) => one.pool === pool).reduce((total, one) => total + of(one.task), 0);

const keepsLimits = (live: readonly Assignment[]): void => {
  within(live, 4, () => true);
  within(live, 3, ({ pool }) => pool === ONE);
  within(live, 2, ({ pool }) => pool === TWO);
  within(live, 2, ({ task: { spec } }) => spec === 'a');
  within(live, 2, ({ task: { concurrencyKey } }) => concurrencyKey === 'db');
  within(live, 1, ({ task: { concurrencyKey } }) => concurrencyKey === 'other');
  assert.ok(sum(live, ONE, ({ cpu }) => cpu ?? 0.5) <= 2 + 1e-9);
  assert.ok(sum(live, TWO, ({ memory }) => memory ?? 100) <= 240);
  assert.equal(new Set(live.map((one) => one.task.key)).size, live.length, 'each task once');
};

/** Plans one after the other, each looked at from outside. */
const isSound = (schedulingPolicy: DispatcherSettings['schedulingPolicy']): void => {
  const order = schedulingPolicy === 'fifo' ? fifoOrder : priorityOrder;
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
      const scheduler = new Scheduler({ ...CHOSEN, schedulingPolicy }, POOLS, REGISTRY);
      let live: Assignment[] = [];
      const waiting = new Map<string, ReadyTask>();
      for (const op of operations) {
        const ended = op.kind === 'finish' ? live[op.which % Math.max(1, live.length)] : undefined;
        if (op.kind === 'add' && scheduler.runnerOf(op.added.key) === undefined) {
          scheduler.add(op.added, 0, 0);
          waiting.set(op.added.key, op.added);
        } else if (op.kind === 'switch') {
          scheduler.setPoolState(op.pool, op.on ? 'enabled' : 'tripped', op.on);
        } else if (op.kind === 'drop') {
          scheduler.drop(op.key);
          waiting.delete(op.key);
        } else if (ended !== undefined) {
          scheduler.release(ended.task.key, ended.runnerId, true);
          live = live.filter((one) => one !== ended);
        }
        const plan = scheduler.plan();
        for (const one of plan) {
          assert.deepEqual(waiting.get(one.task.key), one.task, 'the latest word on a task counts');
          waiting.delete(one.task.key);
          assert.ok(candidatePools(CHOSEN, one.task.requiredSkill).includes(one.pool));
        }
        live.push(...plan);
        keepsLimits(live);
        assert.equal(scheduler.waiting, waiting.size);
        const { ledger } = scheduler;
        for (const left of waiting.values()) {
          const open = candidatePools(CHOSEN, left.requiredSkill).some((pool) => ledger.poolShortages(left, pool).length === 0);
          assert.ok(ledger.generalShortages(left).length > 0 || !open, `${left.key} could run and was left`);
          const alike = plan.find((one) => JSON.stringify(shape(one.task)) === JSON.stringify(shape(left)));
          assert.ok(alike === undefined || order(alike.task, left), `${left.key} goes before its like`);
        }
      }
      for (const one of live) scheduler.release(one.task.key, one.runnerId, true);
      assert.equal(scheduler.ledger.running, 0);
    }),
    { numRuns: 150 },
  );
};

describe('plans keep every limit, leave nothing that could run, and prefer the better of two alike', () => {
  for (const name of ['fifo', 'priority', 'skill-based', 'fair-share'] as const) it(`under ${name}`, () => isSound(name));
});

const shape = ({ spec, requiredSkill, cpu, memory, concurrencyKey }: ReadyTask) =>
  [spec, requiredSkill, cpu, memory, concurrencyKey] as const;
