import type { PoolName } from '../domain/ids.ts';
import type { DispatcherSettings } from '../domain/settings.ts';
import type { ReadyTask } from '../domain/task.ts';
import { FairShare } from './fair-share.ts';
import { bestFit, cheapest, leastLoaded, type PoolCost } from './pool-choice.ts';
import { GuardedPolicy, type SchedulingPolicy } from './scheduling-policy.ts';
import { ageingOrder, fifoOrder, type TaskOrder } from './task-order.ts';

/** What a scheduling policy decides: who goes first, and which of several free pools takes it. */
export class Policy {
  readonly order: TaskOrder;
  /** The order without what a person wrote, should that be of no use. */
  readonly plainOrder: TaskOrder;
  /** `null` where sets do not compete. */
  readonly fairShare: FairShare | null;
  readonly #custom: GuardedPolicy | null;
  readonly #cost: PoolCost;
  readonly #load: (pool: PoolName) => number;

  /**
   * @param custom the user's own, for `schedulingPolicy: custom`; without it that means `priority`
   * @param load 0 (empty) to 1 (full)
   */
  constructor(settings: DispatcherSettings, custom: SchedulingPolicy | null, load: (pool: PoolName) => number) {
    const { schedulingPolicy: name } = settings;
    this.#load = load;
    this.#custom = name === 'custom' && custom !== null ? new GuardedPolicy(custom) : null;
    this.plainOrder = name === 'fifo' || !settings.usesPriority ? fifoOrder : ageingOrder(settings.ageingPerMs);
    this.order = this.#custom?.order ?? this.plainOrder;
    this.fairShare = name === 'fair-share' ? new FairShare(settings.fairShareHalfLifeMs) : null;
    this.#cost = name === 'skill-based' ? bestFit(settings, load) : leastLoaded(load);
  }

  /** What a custom policy did that it must not; it is not asked any more then. */
  get fault(): string | null {
    return this.#custom?.fault ?? null;
  }

  /** One of the pools that could take the task just now; `null` where there is none. */
  choosePool(task: ReadyTask, fitting: readonly PoolName[]): PoolName | null {
    const [first] = fitting;
    if (first === undefined || fitting.length === 1) return first ?? null;
    if (this.#custom === null) return cheapest(task, fitting, this.#cost);
    const chosen = this.#custom.choosePool(task, fitting.map((name) => ({ name, load: this.#load(name) })));
    return fitting.find((pool) => pool === chosen) ?? cheapest(task, fitting, this.#cost);
  }
}
