import type { RunnerId } from '../../src/domain/ids.ts';
import { IndexedHeap, NOT_IN_HEAP, type HeapNode } from '../../src/scheduling/indexed-heap.ts';
import type { DeadlineName } from '../messages.ts';

interface Deadline extends HeapNode {
  readonly runnerId: RunnerId;
  readonly name: DeadlineName;
  readonly at: number;
  readonly sequence: number;
}

/**
 * All deadlines of a pool's runners in one heap (monotonic ms), so that ten thousand runners need
 * one timer. Ties come out in the order in which they were set.
 */
export class DeadlineTable {
  readonly #heap = new IndexedHeap<Deadline>((a, b) => (a.at === b.at ? a.sequence < b.sequence : a.at < b.at));
  readonly #byRunner = new Map<RunnerId, Map<DeadlineName, Deadline>>();
  #sequence = 0;

  get size(): number {
    return this.#heap.size;
  }

  set(runnerId: RunnerId, name: DeadlineName, at: number): void {
    this.clear(runnerId, name);
    this.#sequence += 1;
    const deadline = { runnerId, name, at, sequence: this.#sequence, heapIndex: NOT_IN_HEAP };
    const names = this.#byRunner.get(runnerId) ?? new Map<DeadlineName, Deadline>();
    this.#byRunner.set(runnerId, names.set(name, deadline));
    this.#heap.insert(deadline);
  }

  clear(runnerId: RunnerId, name: DeadlineName): void {
    const deadline = this.#byRunner.get(runnerId)?.get(name);
    if (deadline === undefined) return;
    this.#heap.remove(deadline);
    this.#byRunner.get(runnerId)?.delete(name);
  }

  clearAll(runnerId: RunnerId): void {
    for (const deadline of this.#byRunner.get(runnerId)?.values() ?? []) this.#heap.remove(deadline);
    this.#byRunner.delete(runnerId);
  }

  earliest(): number | null {
    return this.#heap.peek()?.at ?? null;
  }

  takeDue(now: number): readonly { readonly runnerId: RunnerId; readonly name: DeadlineName }[] {
    const due: Deadline[] = [];
    for (let first = this.#heap.peek(); first !== undefined && first.at <= now; first = this.#heap.peek()) {
      this.clear(first.runnerId, first.name);
      due.push(first);
    }
    return due;
  }
}
