import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DeadlineTable } from '../../machines/agent-pool/deadline-table.ts';
import type { DeadlineName } from '../../machines/messages.ts';
import { runnerId } from '../../src/domain/ids.ts';
import { DelayedTasks } from '../../src/scheduling/delayed-tasks.ts';
import { IndexedHeap, NOT_IN_HEAP, type HeapNode } from '../../src/scheduling/indexed-heap.ts';
import { readyTask } from '../model/samples.ts';

interface Node extends HeapNode {
  readonly id: number;
  rank: number;
}

const before = (a: Node, b: Node): boolean => (a.rank === b.rank ? a.id < b.id : a.rank < b.rank);
const sorted = (nodes: readonly Node[]): readonly Node[] => nodes.toSorted((a, b) => (before(a, b) ? -1 : 1));

const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('insert' as const), rank: fc.nat(9) }) },
  fc.record({ kind: fc.constant('update' as const), which: fc.nat(), rank: fc.nat(9) }),
  fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }),
  fc.record({ kind: fc.constant('pop' as const) }),
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const) }) },
);

describe('the indexed heap', () => {
  it('does what a sorted array does, and every node knows its place', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
        const heap = new IndexedHeap<Node>(before);
        let model: Node[] = [];
        operations.forEach((op, id) => {
          const chosen = 'which' in op ? model[op.which % Math.max(1, model.length)] : undefined;
          switch (op.kind) {
            case 'insert': {
              const node = { id, rank: op.rank, heapIndex: NOT_IN_HEAP };
              heap.insert(node);
              model.push(node);
              break;
            }
            case 'update':
              if (chosen === undefined) break;
              chosen.rank = op.rank;
              heap.update(chosen);
              break;
            case 'remove':
              if (chosen === undefined) break;
              heap.remove(chosen);
              heap.remove(chosen);
              assert.equal(chosen.heapIndex, NOT_IN_HEAP);
              model = model.filter((node) => node !== chosen);
              break;
            case 'pop': {
              const [first] = sorted(model);
              assert.equal(heap.pop(), first);
              model = model.filter((node) => node !== first);
              break;
            }
            case 'clear':
              heap.clear();
              assert.ok(model.every(({ heapIndex }) => heapIndex === NOT_IN_HEAP));
              model = [];
              break;
          }
          assert.equal(heap.size, model.length);
          assert.equal(heap.peek(), sorted(model)[0]);
          assert.deepEqual(new Set(heap.values()), new Set(model));
          [...heap.values()].forEach((node, index) => assert.equal(node.heapIndex, index));
        });
        const drained = model.map(() => heap.pop());
        assert.deepEqual(drained, sorted(model));
      }),
    );
  });

  it('leaves a node of another heap alone', () => {
    const [one, other] = [new IndexedHeap<Node>(before), new IndexedHeap<Node>(before)];
    const nodes = [1, 2].map((id) => ({ id, rank: id, heapIndex: NOT_IN_HEAP }));
    const [mine, theirs] = nodes;
    assert.ok(mine && theirs);
    one.insert(mine);
    other.insert(theirs);
    one.remove(theirs);
    assert.deepEqual([one.size, other.size], [1, 1]);
  });
});

describe('tasks that back off', () => {
  it('come out when they are due, each once, the latest word on each counting', () => {
    const step = fc.record({ id: fc.nat(8), due: fc.nat(50), drop: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.array(fc.nat(60), { maxLength: 6 }), (steps, times) => {
        const delayed = new DelayedTasks();
        const model = new Map<string, number>();
        for (const { id, due, drop } of steps) {
          const task = readyTask(`t${id}`, { position: id });
          if (drop) delayed.remove(task.key);
          else delayed.insert(task, due);
          if (drop) model.delete(task.key);
          else model.set(task.key, due);
          assert.equal(delayed.has(task.key), !drop);
        }
        for (const now of times.toSorted((a, b) => a - b)) {
          assert.equal(delayed.nextDue(), model.size === 0 ? null : Math.min(...model.values()));
          const expected = [...model].filter(([, due]) => due <= now).map(([key]) => key);
          assert.deepEqual(new Set(delayed.takeDue(now).map(({ key }) => key)), new Set(expected));
          for (const key of expected) model.delete(key);
          assert.equal(delayed.size, model.size);
        }
      }),
    );
  });
});

describe('the deadlines of a pool', () => {
  const names: readonly DeadlineName[] = ['runTime', 'retryLaunch', 'retryStop'];
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('set' as const), id: fc.nat(4), name: fc.constantFrom(...names), at: fc.nat(50) }) },
    fc.record({ kind: fc.constant('clear' as const), id: fc.nat(4), name: fc.constantFrom(...names) }),
    fc.record({ kind: fc.constant('clearAll' as const), id: fc.nat(4) }),
    fc.record({ kind: fc.constant('take' as const), now: fc.nat(50) }),
  );

  it('are one for each runner and name, and come out in order of time, then of setting', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const table = new DeadlineTable();
        let model: { runnerId: string; name: string; at: number }[] = [];
        for (const op of steps) {
          const id = 'id' in op ? runnerId(`r${op.id}`) : runnerId('none');
          if (op.kind === 'take') {
            const due = model.filter(({ at }) => at <= op.now).toSorted((a, b) => a.at - b.at);
            const taken = table.takeDue(op.now).map(({ runnerId: who, name }) => ({ runnerId: who as string, name: name as string }));
            assert.deepEqual(taken, due.map(({ runnerId: who, name }) => ({ runnerId: who, name })));
            model = model.filter(({ at }) => at > op.now);
          } else {
            const name = 'name' in op ? op.name : null;
            model = model.filter((entry) => entry.runnerId !== id || (name !== null && entry.name !== name));
            if (op.kind === 'clearAll') table.clearAll(id);
            else if (op.kind === 'clear') table.clear(id, op.name);
            else {
              table.set(id, op.name, op.at);
              model.push({ runnerId: id, name: op.name, at: op.at });
            }
          }
          assert.equal(table.size, model.length);
          assert.equal(table.earliest(), model.length === 0 ? null : Math.min(...model.map(({ at }) => at)));
        }
      }),
    );
  });
});
