import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { poolName, specName, type PoolName } from '../../src/domain/ids.ts';
import type { ReadyTask } from '../../src/domain/task.ts';
import type { Capacity } from '../../src/scheduling/capacity.ts';
import type { Size } from '../../src/scheduling/fit-tree.ts';
import { ReadyQueue } from '../../src/scheduling/ready-queue.ts';
import { ageingOrder, fifoOrder, priorityOrder, type TaskOrder } from '../../src/scheduling/task-order.ts';
import { readyTask } from '../model/samples.ts';

const POOLS = [poolName('one'), poolName('two'), poolName('three')] as const;
const SPECS = [specName('a'), specName('b'), specName('c')] as const;
const [ONE, TWO, THREE] = POOLS;
const ROUTES: Readonly<Record<string, readonly PoolName[]>> = { web: [TWO], any: [ONE, TWO], gpu: [THREE, ONE], cobol: [] };
/** What a task takes that names nothing: not the same everywhere. */
const DEFAULTS = new Map<PoolName, Size>([[ONE, { milliCores: 1000, kib: 10 }], [TWO, { milliCores: 3000, kib: 1 }], [THREE, { milliCores: 0, kib: 0 }]]);

/** What there is, as plain values that a test may change. */
class World implements Capacity {
  readonly rooms = new Map<PoolName, Size | null>(POOLS.map((name) => [name, { milliCores: 4000, kib: 40 }]));
  readonly closed = new Set<string>();
  readonly ranks = new Map<string, number>();
  readonly holders = new Map<PoolName, ReadyTask['key']>();

  readonly candidates = (skill: string | null): readonly PoolName[] => (skill === null ? [ONE] : (ROUTES[skill] ?? []));
  readonly roomIn = (pool: PoolName): Size | null => this.rooms.get(pool) ?? null;
  readonly holderOf = (pool: PoolName): ReadyTask['key'] | undefined => this.holders.get(pool);
  readonly rankOf = ({ spec }: ReadyTask): number => this.ranks.get(spec) ?? 0;

  readonly needIn = (task: ReadyTask, pool: PoolName): Size => {
    const byDefault = DEFAULTS.get(pool);
    return { milliCores: task.cpu === null ? (byDefault?.milliCores ?? 0) : task.cpu * 1000, kib: task.memory ?? byDefault?.kib ?? 0 };
  };

  readonly closedGate = ({ spec, specMaxConcurrency, concurrencyKey }: ReadyTask): string | null => {
    if (specMaxConcurrency !== null && this.closed.has(`set ${spec}`)) return `set ${spec}`;
    return concurrencyKey !== null && this.closed.has(`key ${concurrencyKey}`) ? `key ${concurrencyKey}` : null;
  };
}

/** A list that is looked through from end to end for every question. */
class NaiveQueue {
  readonly #order: TaskOrder;
  readonly #world: World;
  readonly #ranked: boolean;
  tasks: readonly ReadyTask[] = [];

  constructor(order: TaskOrder, world: World, ranked: boolean) {
    this.#order = order;
    this.#world = world;
    this.#ranked = ranked;
  }

  remove(key: string): void {
    this.tasks = this.tasks.filter((queued) => queued.key !== key);
  }

  insert(added: ReadyTask): void {
    this.remove(added.key);
    this.tasks = [...this.tasks, added];
  }

  isBefore(a: ReadyTask, b: ReadyTask): boolean {
    const [rankA, rankB] = this.#ranked ? [this.#world.rankOf(a), this.#world.rankOf(b)] : [0, 0];
    return rankA === rankB ? this.#order(a, b) : rankA < rankB;
  }

  #isPlaceable(task: ReadyTask): boolean {
    if (this.#world.closedGate(task) !== null) return false;
    return this.#world.candidates(task.requiredSkill).some((pool) => {
      const room = this.#world.roomIn(pool);
      const need = this.#world.needIn(task, pool);
      const holder = this.tasks.find(({ key }) => key === this.#world.holderOf(pool));
      const isKept = holder !== undefined && holder !== task && !this.isBefore(task, holder);
      return !isKept && room !== null && need.milliCores <= room.milliCores && need.kib <= room.kib;
    });
  }

  peek(): ReadyTask | undefined {
    const placeable = this.tasks.filter((task) => this.#isPlaceable(task));
    return placeable.toSorted((a, b) => (this.isBefore(a, b) ? -1 : 1))[0];
  }
}

const task = fc
  .record({
    id: fc.nat(25),
    spec: fc.constantFrom(...SPECS),
    priority: fc.integer({ min: -2, max: 2 }),
    readyAt: fc.nat(20),
    requiredSkill: fc.constantFrom(null, 'web', 'any', 'gpu', 'cobol'),
    cpu: fc.constantFrom(null, 0, 1, 2, 4),
    memory: fc.constantFrom(null, 5, 20, 40),
    concurrencyKey: fc.constantFrom(null, null, 'db', 'disk'),
    specMaxConcurrency: fc.constantFrom(null, null, 1, 2),
  })
  .map(({ id, ...rest }) => readyTask(`t${id}`, { ...rest, position: id, key: readyTask(`t${id}`).key }));

const pool = fc.constantFrom(...POOLS);
const operation = fc.oneof(
  { weight: 8, arbitrary: task.map((added) => ({ kind: 'insert' as const, added })) },
  { weight: 3, arbitrary: fc.constant({ kind: 'take' as const }) },
  { weight: 2, arbitrary: fc.nat(25).map((id) => ({ kind: 'remove' as const, key: readyTask(`t${id}`).key })) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('room' as const), pool, milliCores: fc.constantFrom(0, 1000, 2500, 4000), kib: fc.constantFrom(0, 10, 20, 40) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('shut' as const), pool }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('gate' as const), gate: fc.constantFrom('set a', 'set b', 'key db', 'key disk'), closed: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rank' as const), spec: fc.constantFrom(...SPECS), rank: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('keep' as const), pool, which: fc.option(fc.nat()) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

const apply = (op: Operation, world: World, queue: ReadyQueue, naive: NaiveQueue): void => {
  switch (op.kind) {
    case 'insert':
      queue.insert(op.added);
      naive.insert(op.added);
      break;
    case 'remove': {
      const known = naive.tasks.find(({ key }) => key === op.key);
      assert.deepEqual(queue.remove(op.key), known);
      naive.remove(op.key);
      break;
    }
    case 'take': {
      const best = naive.peek();
      if (best === undefined) break;
      queue.remove(best.key);
      naive.remove(best.key);
      break;
    }
    case 'room':
    case 'shut':
      world.rooms.set(op.pool, op.kind === 'shut' ? null : op);
      queue.capacityChanged(op.pool);
      break;
    case 'gate':
      if (op.closed) world.closed.add(op.gate);
      else if (world.closed.delete(op.gate)) queue.gateOpened(op.gate);
      break;
    case 'rank':
      world.ranks.set(op.spec, op.rank);
      queue.setRank(op.spec, op.rank);
      for (const name of world.holders.keys()) queue.capacityChanged(name);
      break;
    case 'keep': {
      const holder = op.which === null ? undefined : naive.tasks[op.which % Math.max(1, naive.tasks.length)];
      if (holder === undefined) world.holders.delete(op.pool);
      else world.holders.set(op.pool, holder.key);
      queue.capacityChanged(op.pool);
      break;
    }
  }
};

const isLikeNaive = (order: TaskOrder, ranked: boolean): void => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
      const world = new World();
      const queue = new ReadyQueue(order, world, ranked);
      const naive = new NaiveQueue(order, world, ranked);
      for (const op of operations) {
        apply(op, world, queue, naive);
        for (const [name, key] of world.holders) {
          if (queue.has(key)) continue;
          world.holders.delete(name);
          queue.capacityChanged(name);
        }
        assert.equal(queue.size, naive.tasks.length, 'each key once');
        assert.deepEqual(queue.peek(), naive.peek());
        assert.deepEqual(new Set(queue.tasks()), new Set(naive.tasks));
        const classes = new Set(naive.tasks.map((one) => JSON.stringify([one.requiredSkill, one.cpu, one.memory, one.concurrencyKey, one.specMaxConcurrency === null && !ranked ? null : [one.spec, one.specMaxConcurrency]])));
        assert.equal([...queue.heads()].length, classes.size);
      }
    }),
    { numRuns: 300 },
  );
};

describe('the ready queue does what a list does that is looked through each time', () => {
  it('by priority', () => isLikeNaive(priorityOrder, false));
  it('first in first out', () => isLikeNaive(fifoOrder, false));
  it('by priority with ageing', () => isLikeNaive(ageingOrder(0.3), false));
  it('by sets that compete', () => isLikeNaive(priorityOrder, true));
});

describe('the ready queue', () => {
  it('is empty after clear, and can be filled again', () => {
    const queue = new ReadyQueue(fifoOrder, new World());
    queue.insert(readyTask('a', { requiredSkill: 'web' }));
    queue.clear();
    assert.deepEqual([queue.size, queue.peek(), [...queue.heads()]], [0, undefined, []]);
    queue.insert(readyTask('a'));
    assert.equal(queue.peek()?.key, 'app/a');
  });

  it('a class that is shelved is not offered, nor counted for a head, until it is looked at again', () => {
    const queue = new ReadyQueue(fifoOrder, new World());
    const [a, b] = [readyTask('a', { position: 1, cpu: 1 }), readyTask('b', { position: 2, cpu: 2 })];
    queue.insert(a);
    queue.insert(b);
    assert.deepEqual(queue.takeUnexamined().map(({ key }) => key), [a.key, b.key]);
    assert.deepEqual(queue.takeUnexamined(), []);
    queue.shelve(a.key);
    queue.insert({ ...a, key: readyTask('a2').key, position: 0 });
    assert.deepEqual([queue.peek(), queue.headsFor(ONE)], [b, [b]]);
    queue.reexamine();
    assert.equal(queue.peek()?.key, 'app/a2');
    assert.equal(queue.takeUnexamined().length, 2);
  });

  it('a policy that contradicts itself loses nothing', () => {
    let turn = 0;
    const queue = new ReadyQueue(() => (turn += 1) % 3 === 0, new World());
    const tasks = Array.from({ length: 300 }, (_, i) => readyTask(`t${i}`, { cpu: i % 7, position: i }));
    for (const one of tasks) queue.insert(one);
    for (const one of tasks) assert.equal(queue.remove(one.key), one);
    assert.deepEqual([queue.size, queue.peek()], [0, undefined]);
  });
});
