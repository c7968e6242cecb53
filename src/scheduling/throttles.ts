import type { PoolName } from '../domain/ids.ts';
import type { PoolSettings } from '../domain/settings.ts';
import { DEFAULT_THROTTLE_MS } from '../domain/settlement.ts';

/** An account that is left alone for a while. */
export interface Pause {
  /** The pool that was told so. */
  readonly pool: PoolName;
  /** Named by its pools; `null`: the pool is on its own. */
  readonly account: string | null;
  /** ms since the epoch. */
  readonly until: number;
  readonly reason: string;
}

/** However often in a row: no longer than this where nobody said how long. */
const LONGEST_MS = 3_600_000;

/** Which pools must not be used until when, because the other side of them said so. */
export class Throttles {
  readonly #accounts = new Map<PoolName, string | null>();
  readonly #pauses = new Map<string, Pause>();
  /** Pauses in a row without an attempt between them that was not throttled. */
  readonly #streaks = new Map<string, number>();

  constructor(pools: readonly PoolSettings[]) {
    this.configure(pools);
  }

  /** A pool that goes to another account begins with what that one has. */
  configure(pools: readonly PoolSettings[]): void {
    for (const { name, account } of pools) this.#accounts.set(name, account);
  }

  get pauses(): readonly Pause[] {
    return [...this.#pauses.values()];
  }

  of(pool: PoolName): Pause | null {
    return this.#pauses.get(this.#key(pool)) ?? null;
  }

  /** How long to pause where nobody said how long: longer each time in a row. */
  delayMs(pool: PoolName, wall: number): number {
    const pause = this.of(pool);
    // One of several that were told so at the same time: it says nothing new.
    if (pause !== null) return Math.max(0, pause.until - wall);
    return Math.min(DEFAULT_THROTTLE_MS * 2 ** (this.#streaks.get(this.#key(pool)) ?? 0), LONGEST_MS);
  }

  /** Of two pauses the longer one counts. */
  begin(pool: PoolName, until: number, reason: string): Pause {
    const key = this.#key(pool);
    const before = this.#pauses.get(key);
    if (before === undefined) this.#streaks.set(key, (this.#streaks.get(key) ?? 0) + 1);
    if (before !== undefined && before.until >= until) return before;
    const pause = { pool, account: this.#accounts.get(pool) ?? null, until, reason };
    this.#pauses.set(key, pause);
    return pause;
  }

  /** An attempt came to an end that was not throttled. */
  forgive(pool: PoolName): void {
    const key = this.#key(pool);
    if (!this.#pauses.has(key)) this.#streaks.delete(key);
  }

  /** The pause that this ended, of the pool and all that share its account. */
  end(pool: PoolName): Pause | null {
    const pause = this.of(pool);
    this.#pauses.delete(this.#key(pool));
    return pause;
  }

  /** It, and all that share its account. */
  companionsOf(pool: PoolName): readonly PoolName[] {
    const key = this.#key(pool);
    return [...this.#accounts.keys()].filter((other) => this.#key(other) === key);
  }

  #key(pool: PoolName): string {
    const account = this.#accounts.get(pool) ?? null;
    return account === null ? `pool ${pool}` : `account ${account}`;
  }
}
