import { runnerIdOf, type PoolName, type RegistryId, type RunnerId, type TaskKey } from '../domain/ids.ts';
import type { DispatcherSettings, PoolSettings } from '../domain/settings.ts';
import type { ReadyTask } from '../domain/task.ts';
import { DelayedTasks } from './delayed-tasks.ts';
import { Ledger, type PoolShortage } from './ledger.ts';
import { candidatePools, neverPlaced, type Never } from './placement.ts';
import type { SchedulingPolicy } from './scheduling-policy.ts';
import { WaitingRoom } from './waiting-room.ts';
import type { Pause } from './throttles.ts';

/** One decision: this task, on that pool, as this runner. Its reservation is booked already. */
export interface Assignment {
  readonly task: ReadyTask;
  readonly pool: PoolName;
  readonly runnerId: RunnerId;
}

/** A task that runs: `fence` is the one its start was decided with. */
interface Running {
  readonly runnerId: RunnerId;
  readonly pool: PoolName;
  readonly fence: number;
}

/** What the feed told of a task. `due`: monotonic ms before which it must not start; `null`: at once. */
interface News {
  readonly task: ReadyTask;
  readonly due: number | null;
}

/** A task that no pool can ever take as things are: it stands for all alike. */
export interface Unplaceable {
  readonly task: ReadyTask;
  readonly reason: string;
}

/** What is left of its back-off, ms: never more than there was, even where the wall clock was set back since. */
const backoffLeftMs = ({ notBefore, readyAt }: ReadyTask, wall: number): number =>
  notBefore === null ? 0 : Math.min(notBefore - wall, notBefore - readyAt);

/**
 * Decides what starts where. Holds queue and ledger, acts on nothing: the Dispatcher, its only
 * owner, carries out what {@link Scheduler.plan} returns.
 */
export class Scheduler {
  readonly ledger: Ledger;
  readonly #waiting: WaitingRoom;
  readonly #delayed = new DelayedTasks();
  readonly #running = new Map<TaskKey, Running>();
  /** Told of tasks whose runner is not settled yet: the feed is faster than the return of a slot. */
  readonly #news = new Map<TaskKey, News>();
  #settings: DispatcherSettings;
  readonly #registry: RegistryId;
  readonly #unplaceableTold = new Set<string>();
  readonly #unplaceableNews: Unplaceable[] = [];
  readonly #troubles: string[] = [];
  /** Monotonic ms, as it was told last. */
  #now = 0;

  /** @param policy the user's own, for `schedulingPolicy: custom` */
  constructor(
    settings: DispatcherSettings,
    pools: readonly PoolSettings[],
    registry: RegistryId,
    policy: SchedulingPolicy | null = null,
  ) {
    this.#settings = settings;
    this.#registry = registry;
    this.ledger = new Ledger({ ...settings, pools });
    this.#waiting = new WaitingRoom(settings, this.ledger, policy);
  }

  get settings(): DispatcherSettings {
    return this.#settings;
  }

  /**
   * From now on by these settings: other limits, pools and places for skills, and what waits in another
   * order where the policy is another one. Nothing that runs or waits is lost.
   */
  reconfigure(settings: DispatcherSettings, pools: readonly PoolSettings[]): void {
    this.#settings = settings;
    this.ledger.configure(settings, pools);
    this.#unplaceableTold.clear();
    this.#waiting.reconfigure(settings);
  }

  /** Tasks that wait for capacity, backed-off ones not counted. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Those tasks by classes of equal placement: one stands for all of its class. */
  waitingClasses(): Iterable<{ readonly head: ReadyTask; readonly size: number }> {
    return this.#waiting.classes();
  }

  get delayed(): number {
    return this.#delayed.size;
  }

  /** Nothing runs, nothing backs off, and whatever waits can never be placed as things are. */
  get isIdle(): boolean {
    return this.#running.size === 0 && this.#delayed.size === 0 && !this.#somethingCanBePlaced();
  }

  /**
   * Takes a task in, at once or when its back-off is over. What is told of one that still runs is
   * kept until {@link Scheduler.release}: the feed tells it once only.
   *
   * @param wall ms since the epoch, compared with `notBefore`
   * @param monotonic ms, on which the back-off is then measured
   */
  add(task: ReadyTask, wall: number, monotonic: number): void {
    const { key } = task;
    const rest = backoffLeftMs(task, wall);
    const due = rest > 0 ? monotonic + rest : null;
    if (this.#running.has(key)) this.#news.set(key, { task, due });
    else this.#enter({ task, due });
  }

  /**
   * Takes back a task that was assigned and not claimed. What was told of it meanwhile is newer, and
   * stays.
   *
   * @param due monotonic ms before which it is not tried again; `null`: at once
   */
  takeBack(task: ReadyTask, due: number | null): void {
    if (!this.#waiting.has(task.key) && !this.#delayed.has(task.key)) this.#enter({ task, due });
  }

  drop(key: TaskKey): void {
    this.#waiting.remove(key);
    this.#delayed.remove(key);
    this.#news.delete(key);
  }

  /** Back-offs that are over by `now` (monotonic ms) join the queue. */
  wakeDelayed(now: number): void {
    for (const task of this.#delayed.takeDue(now)) this.#waiting.insert(task);
  }

  nextDelayedDue(): number | null {
    return this.#delayed.nextDue();
  }

  /** Books a runner that an earlier dispatcher started; its set is charged for it from now on. */
  adopt(task: ReadyTask, pool: PoolName, runnerId: RunnerId, now = this.#now): void {
    this.#advance(now);
    this.#book(task, pool, runnerId);
  }

  /**
   * A runner is settled: its capacity is free, who waited for that is looked at again, and what was told of
   * its task meanwhile counts now.
   *
   * @param claimed whether it had the task; news from before the claim are spent with it
   * @param now monotonic ms, for the charge of fair-share; left out: as last told
   */
  release(key: TaskKey, runnerId: RunnerId, claimed: boolean, now = this.#now): void {
    this.#advance(now);
    const reservation = this.ledger.release(runnerId);
    if (reservation !== null) this.#waiting.freed(runnerId, reservation);
    const run = this.#running.get(key);
    if (run?.runnerId !== runnerId) return;
    this.#running.delete(key);
    const news = this.#news.get(key);
    this.#news.delete(key);
    if (news !== undefined && !(claimed && news.task.fence <= run.fence)) this.#enter(news);
  }

  runnerOf(task: TaskKey): Running | undefined {
    return this.#running.get(task);
  }

  /** Wall time (ms) until which the pool, and all of its account, are not used; the pause that counts now. */
  throttle(pool: PoolName, until: number, reason: string): Pause {
    const pause = this.ledger.throttles.begin(pool, until, reason);
    this.#waiting.reexamine();
    return pause;
  }

  /** The pause that this ended. */
  endThrottle(pool: PoolName): Pause | null {
    const pause = this.ledger.throttles.end(pool);
    this.#waiting.reexamine();
    return pause;
  }

  /** @param reason empty where nobody said */
  setPoolState(pool: PoolName, state: string, accepting: boolean, reason = ''): void {
    this.ledger.setPoolState(pool, state, accepting, reason);
    this.#waiting.reexamine();
  }

  resizePool(pool: PoolName, maxConcurrency: number): void {
    this.ledger.resize(pool, maxConcurrency);
    this.#waiting.reexamine();
  }

  /**
   * Assigns as many tasks as can be placed now, best first, and books each. A task that cannot be placed
   * never stands in the way of the next, but for one that was passed over too often: see
   * {@link HeadReservations}.
   *
   * @param now monotonic ms, for the charge of fair-share; left out: as last told
   */
  plan(now = this.#now): readonly Assignment[] {
    this.#advance(now);
    const fault = this.#waiting.replaceFaultyPolicy();
    if (fault !== null) this.#troubles.push(fault);
    for (const task of this.#waiting.shelve((one) => this.never(one) !== null)) this.#noteNever(task);
    const assignments: Assignment[] = [];
    while (this.ledger.hasRoom) {
      const pick = this.#waiting.pick();
      if (pick === null) break;
      const { task, pool } = pick;
      const runnerId = runnerIdOf(this.#registry, task.key, task.fence + 1);
      this.#waiting.take(pick);
      this.#book(task, pool, runnerId);
      assignments.push({ task, pool, runnerId });
    }
    return assignments;
  }

  /** What was found unplaceable since the last call; each skill and reason is told once. */
  takeUnplaceable(): readonly Unplaceable[] {
    return this.#unplaceableNews.splice(0);
  }

  /** The task as it waits for its turn; `undefined` when it is not among those that wait. */
  waitingTask(key: TaskKey): ReadyTask | undefined {
    return this.#waiting.get(key) ?? this.#delayed.get(key)?.task;
  }

  /** Monotonic ms before which it does not start; `null`: nothing puts it off. */
  delayedUntil(key: TaskKey): number | null {
    return this.#delayed.get(key)?.due ?? null;
  }

  candidatesOf(task: Pick<ReadyTask, 'requiredSkill'>): readonly PoolName[] {
    return candidatePools(this.#settings, task.requiredSkill);
  }

  /** All that keeps the task from this pool, that it is kept for another one included; empty: it could start there. */
  poolShortages(task: ReadyTask, pool: PoolName): readonly PoolShortage[] {
    return this.#waiting.poolShortages(task, pool);
  }

  /** Why no pool can ever take this task as things are configured; `null` if one could. */
  whyNever(task: ReadyTask): string | null {
    return this.never(task)?.reason ?? null;
  }

  /** The same with a code for programs. */
  never(task: ReadyTask): Never | null {
    return neverPlaced(task, this.candidatesOf(task), this.ledger);
  }

  /** What a person should know of the policy, since the last call; one line each. */
  takeTroubles(): readonly string[] {
    return this.#troubles.splice(0);
  }

  #advance(now: number): void {
    this.#now = Math.max(this.#now, now);
    this.#waiting.advance(this.#now);
  }

  #enter({ task, due }: News): void {
    this.drop(task.key);
    if (due === null) this.#waiting.insert(task);
    else this.#delayed.insert(task, due);
  }

  #book(task: ReadyTask, pool: PoolName, runnerId: RunnerId): void {
    this.#running.set(task.key, { runnerId, pool, fence: task.fence });
    this.ledger.reserve(runnerId, task, pool);
    this.#waiting.booked(task, pool, runnerId);
  }

  #noteNever(task: ReadyTask): void {
    const reason = this.whyNever(task);
    if (reason === null) return;
    const name = `${task.requiredSkill}|${reason}`;
    if (this.#unplaceableTold.has(name)) return;
    this.#unplaceableTold.add(name);
    this.#unplaceableNews.push({ task, reason });
  }

  #somethingCanBePlaced(): boolean {
    for (const task of this.#waiting.heads()) if (this.whyNever(task) === null) return true;
    return false;
  }
}
