import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ReadyTask } from '../../src/domain/task.ts';
import { fifoOrder, priorityOrder, ReadyQueue, type TaskOrder } from '../../src/scheduling/ready-queue.ts';
import { readyTask } from '../model/samples.ts';

const task = fc
  .record({
    id: fc.nat(25),
    priority: fc.integer({ min: -2, max: 2 }),
    requiredSkill: fc.constantFrom(null, 'web', 'db'),
    cpu: fc.constantFrom(null, 2),
    specMaxConcurrency: fc.constantFrom(null, 1, 2),
  })
  .map(({ id, ...rest }) => readyTask(`t${id}`, { ...rest, position: id }));

const operation = fc.oneof(
  { weight: 5, arbitrary: task.map((added) => ({ kind: 'insert' as const, added })) },
  fc.nat(25).map((id) => ({ kind: 'remove' as const, key: readyTask(`t${id}`).key })),
  { weight: 2, arbitrary: fc.constant({ kind: 'setAside' as const }) },
  fc.constant({ kind: 'reopen' as const }),
  { weight: 2, arbitrary: fc.constant({ kind: 'take' as const }) },
);

const classOf = ({ requiredSkill, cpu, specMaxConcurrency }: ReadyTask): string =>
  JSON.stringify([requiredSkill, cpu, specMaxConcurrency]);

/** A list that is sorted anew for every question. */
class NaiveQueue {
  readonly #order: TaskOrder;
  tasks: ReadyTask[] = [];
  aside = new Set<string>();

  constructor(order: TaskOrder) {
    this.#order = order;
  }

  /** A class that has run empty is forgotten, and open again when it comes back. */
  #forgetEmpty(): void {
    for (const name of this.aside) if (!this.tasks.some((queued) => classOf(queued) === name)) this.aside.delete(name);
  }

  remove(key: string): void {
    this.tasks = this.tasks.filter((queued) => queued.key !== key);
    this.#forgetEmpty();
  }

  insert(added: ReadyTask): void {
    this.remove(added.key);
    this.tasks.push(added);
  }

  best(among: (queued: ReadyTask) => boolean): ReadyTask | undefined {
    return this.tasks.filter(among).toSorted((a, b) => (this.#order(a, b) ? -1 : 1))[0];
  }

  peek(): ReadyTask | undefined {
    return this.best((queued) => !this.aside.has(classOf(queued)));
  }
}

const check = (order: TaskOrder): void => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 100 }), (operations) => {
      const queue = new ReadyQueue(order);
      const naive = new NaiveQueue(order);
      for (const op of operations) {
        const head = naive.peek();
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
          case 'setAside':
            queue.setAside();
            if (head !== undefined) naive.aside.add(classOf(head));
            break;
          case 'reopen':
            queue.reopen();
            naive.aside.clear();
            break;
          case 'take':
            if (head === undefined) break;
            queue.remove(head.key);
            naive.remove(head.key);
            break;
        }
        assert.equal(queue.size, naive.tasks.length, 'each key once');
        assert.deepEqual(queue.peek(), naive.peek());
        assert.ok(naive.tasks.every(({ key }) => queue.has(key)));
        const heads = [...naive.aside].map((name) => naive.best((queued) => classOf(queued) === name)?.key);
        assert.deepEqual(new Set([...queue.asideHeads()].map(({ key }) => key)), new Set(heads));
      }
    }),
  );
};

describe('the ready queue', () => {
  it('by priority, does what a sorted list does', () => check(priorityOrder));
  it('first in first out, does what a sorted list does', () => check(fifoOrder));

  it('is empty after clear, and can be filled again', () => {
    const queue = new ReadyQueue(fifoOrder);
    queue.insert(readyTask('a'));
    queue.setAside();
    queue.insert(readyTask('b', { requiredSkill: 'web' }));
    queue.clear();
    assert.deepEqual([queue.size, queue.peek(), [...queue.asideHeads()]], [0, undefined, []]);
    queue.insert(readyTask('a'));
    assert.equal(queue.peek()?.key, 'app/a');
  });
});
