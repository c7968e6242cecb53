import type { Clock } from '../ports/clock.ts';
import { IndexedHeap, NOT_IN_HEAP, type HeapNode } from '../scheduling/indexed-heap.ts';

interface Timer extends HeapNode {
  readonly due: number;
  readonly sequence: number;
  readonly fire: () => void;
}

const isTimer = (id: unknown): id is Timer => typeof id === 'object' && id !== null && 'heapIndex' in id;

/** What the wall clock shows when the monotonic one stands at 0, ms since the epoch. */
export const WALL_ZERO = 1_800_000_000_000;

/** Time that stands still until it is told to go on, and then goes from deadline to deadline; ties in order of making. */
export class VirtualClock implements Clock {
  readonly #timers = new IndexedHeap<Timer>((a, b) => (a.due === b.due ? a.sequence < b.sequence : a.due < b.due));
  #now = 0;
  #sequence = 0;
  /** Moves the wall clock alone, ms. */
  wallOffset = 0;

  monotonic(): number {
    return this.#now;
  }

  wall(): number {
    return WALL_ZERO + this.#now + this.wallOffset;
  }

  setTimeout(fire: () => void, delayMs: number): Timer {
    if (!(delayMs >= 0)) throw new RangeError(`a delay of ${delayMs} ms`);
    this.#sequence += 1;
    const timer = { due: this.#now + delayMs, sequence: this.#sequence, fire, heapIndex: NOT_IN_HEAP };
    this.#timers.insert(timer);
    return timer;
  }

  clearTimeout(id: unknown): void {
    if (isTimer(id)) this.#timers.remove(id);
  }

  get pending(): number {
    return this.#timers.size;
  }

  /** Goes to the next deadline and fires it; false when there is none. */
  step(): boolean {
    const timer = this.#timers.pop();
    if (timer === undefined) return false;
    this.#now = timer.due;
    timer.fire();
    return true;
  }

  /** Lets so many ms pass, firing what comes due on the way, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#timers.peek(); next !== undefined && next.due <= end; next = this.#timers.peek()) this.step();
    this.#now = end;
  }
}
