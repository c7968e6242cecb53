import type { PoolName, TaskKey } from '../domain/ids.ts';
import type { ReadyTask } from '../domain/task.ts';
import type { Ledger } from './ledger.ts';
import type { ReadyQueue } from './ready-queue.ts';

/**
 * Keeps a large task at the head from being starved by small ones. Those behind it go on as long as it does
 * not fit (backfill); once so many have passed it, one pool that can hold it is kept for it: nothing that is
 * behind it starts there until it fits. It then waits no longer than what runs there takes to end.
 *
 * A pool is kept only while the wait can end: the pool accepts, holds the task when empty, and no limit of
 * its set or key is in the way.
 */
export class HeadReservations {
  readonly #queue: ReadyQueue;
  readonly #ledger: Ledger;
  readonly #maxPassedOver: number;
  readonly #candidates: (task: ReadyTask) => readonly PoolName[];
  /** Starts behind a task that was at the head and did not fit. */
  readonly #passed = new Map<TaskKey, number>();
  readonly #holders = new Map<PoolName, TaskKey>();

  /** @param maxPassedOver starts behind it that a task at the head bears; infinite: any number */
  constructor(parts: {
    readonly queue: ReadyQueue;
    readonly ledger: Ledger;
    readonly maxPassedOver: number;
    readonly candidates: (task: ReadyTask) => readonly PoolName[];
  }) {
    this.#queue = parts.queue;
    this.#ledger = parts.ledger;
    this.#maxPassedOver = parts.maxPassedOver;
    this.#candidates = parts.candidates;
  }

  holderOf(pool: PoolName): TaskKey | undefined {
    return this.#holders.get(pool);
  }

  /** Whether the pool is kept for one that this task is behind. */
  keepsOut(task: TaskKey, pool: PoolName): TaskKey | null {
    const holder = this.#holders.get(pool);
    return holder === undefined || holder === task || this.#queue.isBefore(task, holder) ? null : holder;
  }

  /** To be told before a task that was picked leaves the queue: whom does it overtake? */
  noteStart(task: TaskKey, pool: PoolName): void {
    if (this.#maxPassedOver === Number.POSITIVE_INFINITY) return;
    for (const head of this.#queue.headsFor(pool)) {
      if (head.key === task || !this.#queue.isBefore(head.key, task) || this.#holds(head.key)) continue;
      if (!this.#candidates(head).some((other) => this.#couldHold(head, other))) continue;
      const passed = (this.#passed.get(head.key) ?? 0) + 1;
      this.#passed.set(head.key, passed);
      if (passed >= this.#maxPassedOver) this.#keepOneFor(head);
    }
  }

  /** To be told when a task has left the queue, whatever for. */
  left(key: TaskKey): void {
    this.#passed.delete(key);
    for (const [pool, holder] of this.#holders) if (holder === key) this.#release(pool);
  }

  /** Gives back what is kept in vain. */
  review(): void {
    for (const [pool, holder] of this.#holders) {
      const task = this.#queue.get(holder);
      if (task === undefined || !this.#couldHold(task, pool) || this.#ledger.closedGate(task) !== null) {
        this.#release(pool);
      }
    }
  }

  #keepOneFor(task: ReadyTask): void {
    let best: PoolName | null = null;
    for (const pool of this.#candidates(task)) {
      const holder = this.#holders.get(pool);
      if (!this.#couldHold(task, pool) || (holder !== undefined && !this.#queue.isBefore(task.key, holder))) continue;
      if (best === null || this.#ledger.load(pool) < this.#ledger.load(best)) best = pool;
    }
    if (best === null) return;
    this.#holders.set(best, task.key);
    this.#queue.capacityChanged(best);
  }

  #release(pool: PoolName): void {
    this.#holders.delete(pool);
    this.#queue.capacityChanged(pool);
  }

  #holds(key: TaskKey): boolean {
    for (const holder of this.#holders.values()) if (holder === key) return true;
    return false;
  }

  #couldHold(task: ReadyTask, pool: PoolName): boolean {
    return this.#ledger.isAccepting(pool) && this.#ledger.maxConcurrencyOf(pool) > 0 && this.#ledger.fitsAtAll(task, pool);
  }
}
