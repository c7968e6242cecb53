import type { TaskKey } from '../domain/ids.ts';
import type { ReadyTask } from '../domain/task.ts';
import { IndexedHeap, NOT_IN_HEAP, type HeapNode } from './indexed-heap.ts';

/** Strict order in which ready tasks are taken: whether `a` goes before `b`. */
export type TaskOrder = (a: ReadyTask, b: ReadyTask) => boolean;

/** First in, first out, by order of submission. */
export const fifoOrder: TaskOrder = (a, b) => a.position < b.position;

/** Higher priority first, first in first out among equals. */
export const priorityOrder: TaskOrder = (a, b) =>
  a.priority === b.priority ? a.position < b.position : a.priority > b.priority;

interface QueueEntry extends HeapNode {
  task: ReadyTask;
  readonly placement: PlacementClass;
}

/** Tasks that can be placed in exactly the same places: if one cannot, none can. */
export interface PlacementClass extends HeapNode {
  readonly name: string;
  readonly entries: IndexedHeap<QueueEntry>;
  /** Set aside until capacity returns: costs nothing meanwhile. */
  setAside: boolean;
}

const classOf = (task: ReadyTask): string =>
  JSON.stringify([
    task.requiredSkill,
    task.cpu,
    task.memory,
    task.concurrencyKey,
    // Tasks taken in before and after their set's limit was changed are not alike.
    task.specMaxConcurrency === null ? null : [task.spec, task.specMaxConcurrency],
  ]);

/**
 * Ready tasks, indexed by placement class. Every operation is O(log n); finding the next task does
 * not look at classes that were set aside.
 */
export class ReadyQueue {
  readonly #order: TaskOrder;
  readonly #byKey = new Map<TaskKey, QueueEntry>();
  readonly #classes = new Map<string, PlacementClass>();
  readonly #open: IndexedHeap<PlacementClass>;
  readonly #aside = new Set<PlacementClass>();

  constructor(order: TaskOrder) {
    this.#order = order;
    this.#open = new IndexedHeap((a, b) => {
      const headA = a.entries.peek();
      const headB = b.entries.peek();
      return headA !== undefined && (headB === undefined || order(headA.task, headB.task));
    });
  }

  get size(): number {
    return this.#byKey.size;
  }

  has(key: TaskKey): boolean {
    return this.#byKey.has(key);
  }

  get(key: TaskKey): ReadyTask | undefined {
    return this.#byKey.get(key)?.task;
  }

  /** Adds a task, or replaces what is queued under its key: each is in here once. */
  insert(task: ReadyTask): void {
    this.remove(task.key);
    const name = classOf(task);
    let placement = this.#classes.get(name);
    if (placement === undefined) {
      placement = { name, entries: this.#newEntries(), setAside: false, heapIndex: NOT_IN_HEAP };
      this.#classes.set(name, placement);
    }
    const entry: QueueEntry = { task, placement, heapIndex: NOT_IN_HEAP };
    this.#byKey.set(task.key, entry);
    placement.entries.insert(entry);
    this.#settle(placement);
  }

  remove(key: TaskKey): ReadyTask | undefined {
    const entry = this.#byKey.get(key);
    if (entry === undefined) return undefined;
    this.#byKey.delete(key);
    entry.placement.entries.remove(entry);
    this.#settle(entry.placement);
    return entry.task;
  }

  /** The best task among the classes that are not set aside. */
  peek(): ReadyTask | undefined {
    return this.#open.peek()?.entries.peek()?.task;
  }

  /** Sets the class of the best task aside: it cannot be placed now, and so none like it can. */
  setAside(): void {
    const placement = this.#open.pop();
    if (placement === undefined) return;
    placement.setAside = true;
    this.#aside.add(placement);
  }

  /** Capacity came back: every class is looked at again. */
  reopen(): void {
    for (const placement of this.#aside) {
      placement.setAside = false;
      if (placement.entries.size > 0) this.#open.insert(placement);
    }
    this.#aside.clear();
  }

  /** The best task of each class that is set aside: one stands for all of its class. */
  *asideHeads(): Iterable<ReadyTask> {
    for (const placement of this.#aside) {
      const head = placement.entries.peek();
      if (head !== undefined) yield head.task;
    }
  }

  clear(): void {
    this.#byKey.clear();
    this.#classes.clear();
    this.#open.clear();
    this.#aside.clear();
  }

  #newEntries(): IndexedHeap<QueueEntry> {
    return new IndexedHeap((a, b) => this.#order(a.task, b.task));
  }

  /** After its entries changed: an empty class goes, an open one moves to where its head belongs. */
  #settle(placement: PlacementClass): void {
    if (placement.entries.size === 0) {
      this.#open.remove(placement);
      this.#aside.delete(placement);
      this.#classes.delete(placement.name);
    } else if (placement.setAside) {
      return;
    } else if (placement.heapIndex === NOT_IN_HEAP) {
      this.#open.insert(placement);
    } else {
      this.#open.update(placement);
    }
  }
}
