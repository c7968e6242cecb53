import type { PoolName, RunnerId, SpecName } from '../domain/ids.ts';
import type { PoolSettings } from '../domain/settings.ts';
import type { ReadyTask } from '../domain/task.ts';
import type { Size } from './fit-tree.ts';
import { freeIn, loadOf, type PoolAccount } from './pool-account.ts';
import type { PoolShortage, Shortage } from './shortage.ts';
import { ENDLESS, kibibytes, milliCores, sizeIn } from './task-size.ts';
import { Throttles } from './throttles.ts';

export type { PoolShortage, Shortage } from './shortage.ts';

/** What one runner holds. */
export interface Reservation extends Size {
  readonly pool: PoolName;
  readonly spec: SpecName;
  readonly key: string | null;
}

/** What a pool has given out. CPU in cores, memory in MB. */
export interface PoolUse {
  readonly running: number;
  readonly cpu: number;
  readonly memory: number;
}

const KEY_LIMIT = 1;

/**
 * Every count there is, in one place and with one owner: reserved before a pool hears of a task,
 * released once when its runner is settled. Never exceeded by `reserve` after a `shortage` of `null`.
 */
export class Ledger {
  #maxGlobal: number;
  readonly #slots: number;
  #keyLimits: ReadonlyMap<string, number>;
  readonly throttles: Throttles;
  readonly #pools = new Map<PoolName, PoolAccount>();
  readonly #reservations = new Map<RunnerId, Reservation>();
  readonly #specs = new Map<SpecName, number>();
  readonly #keys = new Map<string, number>();

  constructor(limits: {
    readonly maxGlobalConcurrency: number;
    readonly slots: number;
    readonly concurrencyKeys: ReadonlyMap<string, number>;
    readonly pools: readonly PoolSettings[];
  }) {
    this.#maxGlobal = limits.maxGlobalConcurrency;
    this.#slots = limits.slots;
    this.#keyLimits = limits.concurrencyKeys;
    this.throttles = new Throttles(limits.pools);
    for (const settings of limits.pools) this.#open(settings);
  }

  #open(settings: PoolSettings): void {
    const state = settings.enabled ? 'enabled' : 'disabled';
    const empty = { running: 0, milliCores: 0, kib: 0 };
    this.#pools.set(settings.name, { settings, state, reason: null, accepting: settings.enabled, ...empty });
  }

  /**
   * New limits and pools, known ones among them, whose counts and states stay; what runs beyond a limit
   * that is lower now goes on, and nothing new starts until it is kept.
   */
  configure(limits: { readonly maxGlobalConcurrency: number; readonly concurrencyKeys: ReadonlyMap<string, number> }, pools: readonly PoolSettings[]): void {
    this.#maxGlobal = limits.maxGlobalConcurrency;
    this.#keyLimits = limits.concurrencyKeys;
    this.throttles.configure(pools);
    for (const settings of pools) {
      const account = this.#pools.get(settings.name);
      if (account === undefined) this.#open(settings);
      else account.settings = settings;
    }
  }

  /** A pool that is gone and holds nothing any more. */
  remove(pool: PoolName): void {
    if (this.#pools.get(pool)?.running === 0) this.#pools.delete(pool);
  }

  /** As it is configured, with its present limit; `undefined` for one that is not. */
  settingsOf(pool: PoolName): PoolSettings | undefined {
    return this.#pools.get(pool)?.settings;
  }

  /** Runners that hold a reservation. */
  get running(): number {
    return this.#reservations.size;
  }

  /** Whether the limits that bind every task leave room for one more. */
  get hasRoom(): boolean {
    return this.#reservations.size < Math.min(this.#maxGlobal, this.#slots);
  }

  use(pool: PoolName): PoolUse {
    const account = this.#pools.get(pool);
    return account === undefined
      ? { running: 0, cpu: 0, memory: 0 }
      : { running: account.running, cpu: account.milliCores / 1000, memory: account.kib / 1024 };
  }

  /** `enabled`, `draining` and so on; `removed` for a pool that is not configured. */
  stateOf(pool: PoolName): string {
    return this.#pools.get(pool)?.state ?? 'removed';
  }

  /** Why it is as it is; `null` where nobody said. */
  reasonOf(pool: PoolName): string | null {
    return this.#pools.get(pool)?.reason ?? null;
  }

  /** Its present limit, which may have been changed since the configuration was read. */
  maxConcurrencyOf(pool: PoolName): number {
    return this.#pools.get(pool)?.settings.maxConcurrency ?? 0;
  }

  setPoolState(pool: PoolName, state: string, accepting: boolean, reason = ''): void {
    const account = this.#pools.get(pool);
    if (account === undefined) return;
    account.state = state;
    account.reason = reason === '' ? null : reason;
    account.accepting = accepting;
  }

  resize(pool: PoolName, maxConcurrency: number): void {
    const account = this.#pools.get(pool);
    if (account !== undefined) account.settings = { ...account.settings, maxConcurrency };
  }

  /** All that keeps this task from starting anywhere, before pools are looked at; empty: nothing. */
  generalShortages(task: ReadyTask): readonly Shortage[] {
    const found: Shortage[] = [];
    const running = this.#reservations.size;
    if (running >= this.#maxGlobal) found.push({ code: 'global_concurrency', limit: this.#maxGlobal, used: running });
    if (running >= this.#slots) found.push({ code: 'slots', limit: this.#slots, used: running });
    const ofSpec = this.#specs.get(task.spec) ?? 0;
    if (task.specMaxConcurrency !== null && ofSpec >= task.specMaxConcurrency) {
      found.push({ code: 'spec_concurrency', limit: task.specMaxConcurrency, used: ofSpec });
    }
    const key = task.concurrencyKey;
    if (key === null) return found;
    const limit = this.#keyLimits.get(key) ?? KEY_LIMIT;
    const used = this.#keys.get(key) ?? 0;
    if (used >= limit) found.push({ code: 'concurrency_key', key, limit, used });
    return found;
  }

  /** All that keeps the task from this pool; empty: it could start there. */
  poolShortages(task: ReadyTask, pool: PoolName): readonly PoolShortage[] {
    const account = this.#pools.get(pool);
    if (account === undefined) return [{ code: 'pool_not_accepting', pool, state: 'removed', reason: null }];
    const { settings, running, state, reason } = account;
    const found: PoolShortage[] = [];
    if (!account.accepting) found.push({ code: 'pool_not_accepting', pool, state, reason });
    const pause = this.throttles.of(pool);
    if (pause !== null) {
      const { account: shared, pool: by, until, reason: told } = pause;
      found.push({ code: 'pool_throttled', pool, account: shared, by, until, reason: told });
    }
    if (running >= settings.maxConcurrency) {
      found.push({ code: 'pool_concurrency', pool, limit: settings.maxConcurrency, used: running });
    }
    const size = sizeIn(task, settings);
    const { cpuQuota: cpu, memoryQuota: memory } = settings;
    if (cpu !== null && account.milliCores + size.milliCores > milliCores(cpu)) {
      found.push({ code: 'pool_cpu', pool, limit: cpu, used: account.milliCores / 1000, needed: size.milliCores / 1000 });
    }
    if (memory !== null && account.kib + size.kib > kibibytes(memory)) {
      found.push({ code: 'pool_memory', pool, limit: memory, used: account.kib / 1024, needed: size.kib / 1024 });
    }
    return found;
  }

  /** Whether the pool could hold the task if it were empty. */
  fitsAtAll(task: ReadyTask, pool: PoolName): boolean {
    const settings = this.#pools.get(pool)?.settings;
    if (settings === undefined) return false;
    const size = sizeIn(task, settings);
    return (
      (settings.cpuQuota === null || size.milliCores <= milliCores(settings.cpuQuota)) &&
      (settings.memoryQuota === null || size.kib <= kibibytes(settings.memoryQuota))
    );
  }

  /** Whether it takes nothing until a person says otherwise. */
  isShut(pool: PoolName): boolean {
    const account = this.#pools.get(pool);
    return account === undefined || account.state === 'disabled' || account.settings.maxConcurrency === 0;
  }

  /** 0 (empty) to 1 (full): the fullest of the pool's dimensions. */
  load(pool: PoolName): number {
    const account = this.#pools.get(pool);
    return account === undefined ? 1 : loadOf(account);
  }

  /** Books a runner, whatever the limits say: an adopted one runs already. */
  reserve(runner: RunnerId, task: ReadyTask, pool: PoolName): void {
    const account = this.#pools.get(pool);
    if (account === undefined || this.#reservations.has(runner)) return;
    const size = sizeIn(task, account.settings);
    account.running += 1;
    account.milliCores += size.milliCores;
    account.kib += size.kib;
    add(this.#specs, task.spec, 1);
    if (task.concurrencyKey !== null) add(this.#keys, task.concurrencyKey, 1);
    this.#reservations.set(runner, { pool, spec: task.spec, key: task.concurrencyKey, ...size });
  }

  /** Gives back what a runner held, and says what that was; doing it twice changes nothing. */
  release(runner: RunnerId): Reservation | null {
    const reservation = this.#reservations.get(runner);
    if (reservation === undefined) return null;
    this.#reservations.delete(runner);
    add(this.#specs, reservation.spec, -1);
    if (reservation.key !== null) add(this.#keys, reservation.key, -1);
    const account = this.#pools.get(reservation.pool);
    if (account === undefined) return reservation;
    account.running -= 1;
    account.milliCores -= reservation.milliCores;
    account.kib -= reservation.kib;
    return reservation;
  }

  /** What the task takes in this pool; more than there is where there is no such pool. */
  needIn(task: ReadyTask, pool: PoolName): Size {
    const account = this.#pools.get(pool);
    return account === undefined ? ENDLESS : sizeIn(task, account.settings);
  }

  /** What is free in this pool for one more; `null`: it takes nothing just now. */
  roomIn(pool: PoolName): Size | null {
    const account = this.#pools.get(pool);
    if (account === undefined || !this.isAccepting(pool) || account.running >= account.settings.maxConcurrency) return null;
    return freeIn(account);
  }

  isAccepting(pool: PoolName): boolean {
    return (this.#pools.get(pool)?.accepting ?? false) && this.throttles.of(pool) === null;
  }

  /** The limit of its set or key that is reached, under the name by which {@link gatesOf} gives it back; `null`: none is. */
  closedGate(task: ReadyTask): string | null {
    const { spec, specMaxConcurrency, concurrencyKey: key } = task;
    if (specMaxConcurrency !== null && (this.#specs.get(spec) ?? 0) >= specMaxConcurrency) return specGate(spec);
    if (key === null) return null;
    return (this.#keys.get(key) ?? 0) >= (this.#keyLimits.get(key) ?? KEY_LIMIT) ? keyGate(key) : null;
  }

  /**
   * The largest part that a task in this pool takes of anything there is: of the runners there may be, of
   * the cores and of the memory of all pools that count them.
   *
   * @see Ghodsi et al., "Dominant Resource Fairness", NSDI 2011
   */
  dominantShare(task: ReadyTask, pool: PoolName): number {
    const account = this.#pools.get(pool);
    if (account === undefined) return 0;
    let runners = 0;
    let cores = 0;
    let kib = 0;
    for (const { settings } of this.#pools.values()) {
      runners += settings.maxConcurrency;
      cores += milliCores(settings.cpuQuota ?? 0);
      kib += kibibytes(settings.memoryQuota ?? 0);
    }
    const { settings } = account;
    const size = sizeIn(task, settings);
    return Math.max(
      1 / Math.max(1, Math.min(runners, this.#maxGlobal, this.#slots)),
      settings.cpuQuota === null || cores === 0 ? 0 : size.milliCores / cores,
      settings.memoryQuota === null || kib === 0 ? 0 : size.kib / kib,
    );
  }
}

const specGate = (spec: SpecName): string => `set ${spec}`;
const keyGate = (key: string): string => `key ${key}`;

/** The limits that may be open again once this reservation is given back. */
export const gatesOf = ({ spec, key }: Reservation): readonly string[] =>
  key === null ? [specGate(spec)] : [specGate(spec), keyGate(key)];

/** Counts that come back to 0 are dropped, so that the map does not grow with what once was. */
const add = <K>(counts: Map<K, number>, key: K, change: number): void => {
  const next = (counts.get(key) ?? 0) + change;
  if (next === 0) counts.delete(key);
  else counts.set(key, next);
};
