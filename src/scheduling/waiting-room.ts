import type { PoolName, RunnerId, TaskKey } from '../domain/ids.ts';
import type { DispatcherSettings } from '../domain/settings.ts';
import type { ReadyTask } from '../domain/task.ts';
import { HeadReservations } from './head-reservations.ts';
import { gatesOf, type Ledger, type Reservation } from './ledger.ts';
import { candidatePools } from './placement.ts';
import { Policy } from './policy.ts';
import { ReadyQueue } from './ready-queue.ts';
import type { SchedulingPolicy } from './scheduling-policy.ts';
import type { PoolShortage } from './shortage.ts';
import type { TaskOrder } from './task-order.ts';

/** Who goes next, and where to. */
export interface Pick {
  readonly task: ReadyTask;
  readonly pool: PoolName;
}

/** Tasks that could start if there were room: the queue, the policy that orders it, and the pools that are kept. */
export class WaitingRoom {
  #settings: DispatcherSettings;
  readonly #ledger: Ledger;
  #policy: Policy;
  readonly #custom: SchedulingPolicy | null;
  #queue: ReadyQueue;
  #reservations: HeadReservations;
  #faultTold = false;

  constructor(settings: DispatcherSettings, ledger: Ledger, custom: SchedulingPolicy | null) {
    this.#settings = settings;
    this.#ledger = ledger;
    this.#custom = custom;
    this.#policy = this.#newPolicy();
    this.#queue = this.#emptyQueue(this.#policy.order);
    this.#reservations = this.#noReservations();
  }

  #newPolicy(): Policy {
    return new Policy(this.#settings, this.#custom, (pool) => this.#ledger.load(pool));
  }

  /** By other settings from now on. What the sets have used is remembered, as long as they compete. */
  reconfigure(settings: DispatcherSettings): void {
    const stays = settings.schedulingPolicy === 'fair-share' && this.#policy.fairShare !== null;
    this.#settings = settings;
    if (!stays) this.#policy = this.#newPolicy();
    this.#faultTold = false;
    const before = this.#queue;
    this.#queue = this.#emptyQueue(this.#policy.order);
    this.#reservations = this.#noReservations();
    for (const task of before.tasks()) this.insert(task);
  }

  get size(): number {
    return this.#queue.size;
  }

  has(key: TaskKey): boolean {
    return this.#queue.has(key);
  }

  get(key: TaskKey): ReadyTask | undefined {
    return this.#queue.get(key);
  }

  /** One task of each class: it stands for all alike. */
  heads(): Iterable<ReadyTask> {
    return this.#queue.heads();
  }

  /** The same, with how many each stands for. */
  classes(): Iterable<{ readonly head: ReadyTask; readonly size: number }> {
    return this.#queue.classes();
  }

  insert(task: ReadyTask): void {
    const { fairShare } = this.#policy;
    if (fairShare !== null) this.#queue.setRank(task.spec, fairShare.enter(task, !this.#queue.hasSpec(task.spec)));
    this.#queue.insert(task);
  }

  remove(key: TaskKey): void {
    if (this.#queue.remove(key) !== undefined) this.#reservations.left(key);
  }

  /** Puts all aside that can never be placed, and returns one of each kind that was not looked at before. */
  shelve(isNever: (task: ReadyTask) => boolean): readonly ReadyTask[] {
    const shelved = this.#queue.takeUnexamined().filter(isNever);
    for (const { key } of shelved) this.#queue.shelve(key);
    return shelved;
  }

  /** The best task that has room somewhere; `null`: none has. */
  pick(): Pick | null {
    this.#reservations.review();
    const task = this.#queue.peek();
    if (task === undefined) return null;
    const candidates = candidatePools(this.#settings, task.requiredSkill);
    const pool = this.#policy.choosePool(task, candidates.filter((one) => this.poolShortages(task, one).length === 0));
    return pool === null ? null : { task, pool };
  }

  /** What was picked leaves. */
  take({ task, pool }: Pick): void {
    this.#reservations.noteStart(task.key, pool);
    this.remove(task.key);
  }

  /** A runner holds capacity from now on. */
  booked(task: ReadyTask, pool: PoolName, runnerId: RunnerId): void {
    const { fairShare } = this.#policy;
    if (fairShare !== null) {
      this.#queue.setRank(task.spec, fairShare.start(runnerId, task, this.#ledger.dominantShare(task, pool)));
    }
    this.#queue.capacityChanged(pool);
  }

  /** It gave back what it held: who waited for that is looked at again. */
  freed(runnerId: RunnerId, reservation: Reservation): void {
    this.#queue.capacityChanged(reservation.pool);
    for (const gate of gatesOf(reservation)) this.#queue.gateOpened(gate);
    const { fairShare } = this.#policy;
    const spec = fairShare?.end(runnerId) ?? null;
    if (fairShare !== null && spec !== null) this.#queue.setRank(spec, fairShare.rankOf(spec));
  }

  /** What pools take has changed: everything is looked at again. */
  reexamine(): void {
    this.#queue.reexamine();
  }

  /** @param now monotonic ms, up to which sets are charged for what they run */
  advance(now: number): void {
    const { fairShare } = this.#policy;
    if (fairShare === null) return;
    for (const spec of fairShare.advance(now, (one) => this.#queue.hasSpec(one))) {
      this.#queue.setRank(spec, fairShare.rankOf(spec));
    }
  }

  /**
   * A policy of the user's that broke its word has left the queue in no order at all: it is sorted anew.
   *
   * @returns what it did, once; `null`: nothing, or it was told before
   */
  replaceFaultyPolicy(): string | null {
    const { fault } = this.#policy;
    if (fault === null || this.#faultTold) return null;
    this.#faultTold = true;
    const before = this.#queue;
    this.#queue = this.#emptyQueue(this.#policy.plainOrder);
    this.#reservations = this.#noReservations();
    for (const task of before.tasks()) this.#queue.insert(task);
    return fault;
  }

  /** All that keeps the task from this pool, that it is kept for another one included; empty: it could start there. */
  poolShortages(task: ReadyTask, pool: PoolName): readonly PoolShortage[] {
    const holder = this.#reservations.keepsOut(task.key, pool);
    const shortages = this.#ledger.poolShortages(task, pool);
    return holder === null ? shortages : [...shortages, { code: 'reserved_for', pool, task: holder }];
  }

  #emptyQueue(order: TaskOrder): ReadyQueue {
    const ledger = this.#ledger;
    const capacity = {
      candidates: (skill: string | null) => candidatePools(this.#settings, skill),
      needIn: (task: ReadyTask, pool: PoolName) => ledger.needIn(task, pool),
      roomIn: (pool: PoolName) => ledger.roomIn(pool),
      closedGate: (task: ReadyTask) => ledger.closedGate(task),
      holderOf: (pool: PoolName) => this.#reservations.holderOf(pool),
      rankOf: ({ spec }: ReadyTask) => this.#policy.fairShare?.rankOf(spec) ?? 0,
    };
    return new ReadyQueue(order, capacity, this.#policy.fairShare !== null);
  }

  #noReservations(): HeadReservations {
    return new HeadReservations({
      queue: this.#queue,
      ledger: this.#ledger,
      maxPassedOver: this.#settings.maxPassedOver,
      candidates: ({ requiredSkill }) => candidatePools(this.#settings, requiredSkill),
    });
  }
}
