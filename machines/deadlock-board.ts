import type { Deadlock } from '../src/domain/deadlock.ts';

/** What a survey changed. */
export interface DeadlockNews {
  /** New, or other than when they were last told. */
  readonly detected: readonly Deadlock[];
  readonly resolved: readonly Deadlock[];
}

const same = (a: Deadlock, b: Deadlock): boolean => a.heldUp.count === b.heldUp.count && a.text === b.text;

/**
 * What is known to hold tasks up, by the last survey: the deadlock monitor alone writes on it, others
 * read. In an object of its own, for there may be thousands of findings.
 */
export class DeadlockBoard {
  #found: ReadonlyMap<string, Deadlock> = new Map();
  #stuck: number | null = null;
  #news: DeadlockNews = { detected: [], resolved: [] };

  get found(): readonly Deadlock[] {
    return [...this.#found.values()];
  }

  get size(): number {
    return this.#found.size;
  }

  /** Blocked tasks that cannot go on, each counted once; `null` before the first survey. */
  get stuck(): number | null {
    return this.#stuck;
  }

  get news(): DeadlockNews {
    return this.#news;
  }

  write(found: readonly Deadlock[], stuck: number): void {
    const before = this.#found;
    const now = new Map(found.map((deadlock) => [deadlock.name, deadlock]));
    this.#news = {
      detected: found.filter((deadlock) => {
        const known = before.get(deadlock.name);
        return known === undefined || !same(known, deadlock);
      }),
      resolved: [...before.values()].filter(({ name }) => !now.has(name)),
    };
    this.#found = now;
    this.#stuck = stuck;
  }
}
