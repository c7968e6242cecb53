import { runnerIdOf, type PoolName, type RegistryId, type RunnerId, type TaskKey } from '../domain/ids.ts';
import type { DispatcherSettings, PoolSettings } from '../domain/settings.ts';
import type { ReadyTask } from '../domain/task.ts';
import { DelayedTasks } from './delayed-tasks.ts';
import { Ledger } from './ledger.ts';
import { candidatePools } from './placement.ts';
import { fifoOrder, priorityOrder, ReadyQueue } from './ready-queue.ts';

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

/** Why no pool can ever take a task. */
export interface Never {
  readonly code: 'no_pool_for_skill' | 'unplaceable' | 'pools_disabled';
  /** One line for a person. */
  readonly reason: string;
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
  readonly #queue: ReadyQueue;
  readonly #delayed = new DelayedTasks();
  readonly #running = new Map<TaskKey, Running>();
  /** Told of tasks whose runner is not settled yet: the feed is faster than the return of a slot. */
  readonly #news = new Map<TaskKey, News>();
  readonly #settings: DispatcherSettings;
  readonly #registry: RegistryId;
  readonly #unplaceableTold = new Set<string>();
  readonly #unplaceableNews: Unplaceable[] = [];

  constructor(settings: DispatcherSettings, pools: readonly PoolSettings[], registry: RegistryId) {
    this.#settings = settings;
    this.#registry = registry;
    this.#queue = new ReadyQueue(settings.schedulingPolicy === 'fifo' ? fifoOrder : priorityOrder);
    this.ledger = new Ledger({ ...settings, pools });
  }

  /** Tasks that wait for capacity, backed-off ones not counted. */
  get waiting(): number {
    return this.#queue.size;
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
    if (!this.#queue.has(task.key) && !this.#delayed.has(task.key)) this.#enter({ task, due });
  }

  drop(key: TaskKey): void {
    this.#queue.remove(key);
    this.#delayed.remove(key);
    this.#news.delete(key);
  }

  /** Back-offs that are over by `now` (monotonic ms) join the queue. */
  wakeDelayed(now: number): void {
    for (const task of this.#delayed.takeDue(now)) this.#queue.insert(task);
  }

  nextDelayedDue(): number | null {
    return this.#delayed.nextDue();
  }

  /** Books a runner that an earlier dispatcher started. */
  adopt(task: ReadyTask, pool: PoolName, runnerId: RunnerId): void {
    this.#running.set(task.key, { runnerId, pool, fence: task.fence });
    this.ledger.reserve(runnerId, task, pool);
  }

  /**
   * A runner is settled: its capacity is free, what was set aside is looked at again, and what was
   * told of its task meanwhile counts now.
   *
   * @param claimed whether it had the task; news from before the claim are spent with it
   */
  release(key: TaskKey, runnerId: RunnerId, claimed: boolean): void {
    this.ledger.release(runnerId);
    this.#queue.reopen();
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

  /** @param reason empty where nobody said */
  setPoolState(pool: PoolName, state: string, accepting: boolean, reason = ''): void {
    this.ledger.setPoolState(pool, state, accepting, reason);
    this.#queue.reopen();
  }

  resizePool(pool: PoolName, maxConcurrency: number): void {
    this.ledger.resize(pool, maxConcurrency);
    this.#queue.reopen();
  }

  /**
   * Assigns as many tasks as can be placed now, best first, and books each. A task that cannot be
   * placed sets its whole class aside and never stands in the way of the next.
   */
  plan(): readonly Assignment[] {
    const assignments: Assignment[] = [];
    while (this.ledger.hasRoom) {
      const task = this.#queue.peek();
      if (task === undefined) break;
      const pool = this.#choose(task);
      if (pool === null) {
        this.#noteIfNever(task);
        this.#queue.setAside();
        continue;
      }
      const runnerId = runnerIdOf(this.#registry, task.key, task.fence + 1);
      this.#queue.remove(task.key);
      this.#running.set(task.key, { runnerId, pool, fence: task.fence });
      this.ledger.reserve(runnerId, task, pool);
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
    return this.#queue.get(key) ?? this.#delayed.get(key)?.task;
  }

  /** Monotonic ms before which it does not start; `null`: nothing puts it off. */
  delayedUntil(key: TaskKey): number | null {
    return this.#delayed.get(key)?.due ?? null;
  }

  candidatesOf(task: Pick<ReadyTask, 'requiredSkill'>): readonly PoolName[] {
    return candidatePools(this.#settings, task.requiredSkill);
  }

  /** Why no pool can ever take this task as things are configured; `null` if one could. */
  whyNever(task: ReadyTask): string | null {
    return this.never(task)?.reason ?? null;
  }

  /** The same with a code for programs. */
  never(task: ReadyTask): Never | null {
    const candidates = this.candidatesOf(task);
    if (candidates.length === 0) {
      return { code: 'no_pool_for_skill', reason: `no pool for the skill ${JSON.stringify(task.requiredSkill)}` };
    }
    const fitting = candidates.filter((pool) => this.ledger.fitsAtAll(task, pool));
    if (fitting.length === 0) {
      const reason = `larger than the quota of every pool that could take it (${candidates.join(', ')})`;
      return { code: 'unplaceable', reason };
    }
    if (!fitting.every((pool) => this.ledger.isShut(pool))) return null;
    return { code: 'pools_disabled', reason: `every pool that could take it is disabled (${fitting.join(', ')})` };
  }

  #enter({ task, due }: News): void {
    this.drop(task.key);
    if (due === null) this.#queue.insert(task);
    else this.#delayed.insert(task, due);
  }

  #choose(task: ReadyTask): PoolName | null {
    if (this.ledger.generalShortages(task).length > 0) return null;
    let best: PoolName | null = null;
    let bestLoad = Number.POSITIVE_INFINITY;
    for (const pool of candidatePools(this.#settings, task.requiredSkill)) {
      if (this.ledger.poolShortages(task, pool).length > 0) continue;
      const load = this.ledger.load(pool);
      if (load < bestLoad) [best, bestLoad] = [pool, load];
    }
    return best;
  }

  #noteIfNever(task: ReadyTask): void {
    const reason = this.whyNever(task);
    if (reason === null) return;
    const name = `${task.requiredSkill}|${reason}`;
    if (this.#unplaceableTold.has(name)) return;
    this.#unplaceableTold.add(name);
    this.#unplaceableNews.push({ task, reason });
  }

  #somethingCanBePlaced(): boolean {
    if (this.#queue.peek() !== undefined) return true;
    for (const task of this.#queue.asideHeads()) if (this.whyNever(task) === null) return true;
    return false;
  }
}
