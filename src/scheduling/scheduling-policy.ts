import type { ReadyTask } from '../domain/task.ts';
import { priorityOrder, type TaskOrder } from './task-order.ts';

/** A task that waits for its turn, as a policy sees it. */
export interface QueuedTask {
  /** `set/id`. */
  readonly key: string;
  /** Name of its task set. */
  readonly spec: string;
  readonly requiredSkill: string | null;
  /** Higher is more urgent; may be changed while it waits, and is compared anew then. */
  readonly priority: number;
  /** Order of submission: no two tasks have the same. */
  readonly position: number;
  /** Cores it asks for; `null`: the default of the pool. */
  readonly cpu: number | null;
  /** MB; `null`: the default of the pool. */
  readonly memory: number | null;
  readonly concurrencyKey: string | null;
  /** Weight of its set. */
  readonly specWeight: number;
  /** Starts so far. */
  readonly fence: number;
  /** Since when it could start, ms since the epoch. */
  readonly readyAt: number;
  /** How long it is said to take, ms, from `expected_duration` of its metadata; `null` or absent: nobody said. */
  readonly expectedMs?: number | null;
}

/** A pool that could take a task just now. */
export interface PoolOffer {
  readonly name: string;
  /** 0 (empty) to 1 (full): the fullest of its dimensions. */
  readonly load: number;
}

/**
 * An order of one's own: the default export of the module that `scheduling_policy` names.
 *
 * The dispatcher keeps every limit by itself and starts the first task, by this order, that has room
 * somewhere. Both functions are asked again and again, at any time: they must depend on their arguments
 * alone, not on the clock or on luck, or tasks are sorted wrongly and a run cannot be replayed. One that
 * throws is not asked again: the dispatcher says so and goes on by priority.
 *
 * @example
 * const policy: SchedulingPolicy = { name: 'newest-first', compare: (a, b) => b.position - a.position };
 * export default policy;
 */
export interface SchedulingPolicy {
  /** For people. */
  readonly name: string;
  /** Less than 0: `a` goes first; more than 0: `b`; 0: the usual order, by priority, then by submission. */
  compare(a: QueuedTask, b: QueuedTask): number;
  /**
   * Which of the pools that could take the task now (at least one, in the order of the configuration) gets
   * it; the name of one of them, or `undefined` for the least loaded one.
   */
  choosePool?(task: QueuedTask, pools: readonly PoolOffer[]): string | undefined;
}

/** A policy of the user's, held at arm's length: the first time it does what it must not is the last. */
export class GuardedPolicy {
  readonly #policy: SchedulingPolicy;
  /** What it did wrong; `null`: nothing so far. */
  fault: string | null = null;

  constructor(policy: SchedulingPolicy) {
    this.#policy = policy;
  }

  readonly order: TaskOrder = (a, b) => {
    const difference = this.#ask('compare', () => this.#policy.compare(a, b));
    if (difference === undefined) return priorityOrder(a, b);
    if (typeof difference === 'number' && !Number.isNaN(difference)) return difference === 0 ? priorityOrder(a, b) : difference < 0;
    this.#blame('compare', `gave ${String(difference)} where a number was expected`);
    return priorityOrder(a, b);
  };

  /** `undefined`: it has no wish. */
  choosePool(task: ReadyTask, offers: readonly PoolOffer[]): string | undefined {
    if (this.#policy.choosePool === undefined) return undefined;
    const name = this.#ask('choosePool', () => this.#policy.choosePool?.(task, offers));
    if (name === undefined || offers.some((offer) => offer.name === name)) return name;
    this.#blame('choosePool', `gave ${JSON.stringify(name)} where one of ${offers.map((offer) => offer.name).join(', ')} was expected`);
    return undefined;
  }

  #ask<T>(method: string, call: () => T): T | undefined {
    if (this.fault !== null) return undefined;
    try {
      return call();
    } catch (error) {
      this.#blame(method, `threw ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  #blame(method: string, what: string): void {
    const [line = ''] = what.split('\n');
    this.fault ??= `scheduling policy ${JSON.stringify(this.#policy.name)}: ${method} ${line}; tasks are taken by priority from now on; mend it and restart`;
  }
}
