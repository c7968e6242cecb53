import type { TaskKey } from '../domain/ids.ts';
import type { ReadyTask } from '../domain/task.ts';
import { IndexedHeap, NOT_IN_HEAP, type HeapNode } from './indexed-heap.ts';

interface Delayed extends HeapNode {
  readonly task: ReadyTask;
  readonly due: number;
}

/** Ready tasks that must not start yet (backing off), by the monotonic time (ms) at which they may. */
export class DelayedTasks {
  readonly #heap = new IndexedHeap<Delayed>((a, b) =>
    a.due === b.due ? a.task.position < b.task.position : a.due < b.due,
  );
  readonly #byKey = new Map<TaskKey, Delayed>();

  get size(): number {
    return this.#byKey.size;
  }

  has(key: TaskKey): boolean {
    return this.#byKey.has(key);
  }

  get(key: TaskKey): { readonly task: ReadyTask; readonly due: number } | undefined {
    return this.#byKey.get(key);
  }

  insert(task: ReadyTask, due: number): void {
    this.remove(task.key);
    const delayed = { task, due, heapIndex: NOT_IN_HEAP };
    this.#byKey.set(task.key, delayed);
    this.#heap.insert(delayed);
  }

  remove(key: TaskKey): void {
    const delayed = this.#byKey.get(key);
    if (delayed === undefined) return;
    this.#byKey.delete(key);
    this.#heap.remove(delayed);
  }

  nextDue(): number | null {
    return this.#heap.peek()?.due ?? null;
  }

  takeDue(now: number): readonly ReadyTask[] {
    const taken: ReadyTask[] = [];
    for (let first = this.#heap.peek(); first !== undefined && first.due <= now; first = this.#heap.peek()) {
      this.remove(first.task.key);
      taken.push(first.task);
    }
    return taken;
  }
}
