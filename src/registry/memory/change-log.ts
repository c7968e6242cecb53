import type { TaskRow } from '../core/rows.ts';

interface Entry {
  readonly change: number;
  readonly row: TaskRow;
}

/**
 * Rows by change number. Numbers only rise, so an array stays sorted by appending; an entry whose
 * row has moved on is void, and the void ones are swept when they are the most.
 */
export class ChangeLog {
  #entries: Entry[] = [];
  #sweepAt = 1_024;

  append(row: TaskRow): void {
    if (row.change === null) return;
    this.#entries.push({ change: row.change, row });
    if (this.#entries.length < this.#sweepAt) return;
    this.#entries = this.#entries.filter(isCurrent);
    this.#sweepAt = 1_024 + 2 * this.#entries.length;
  }

  /** O(log n + what is given), void entries aside. */
  after(change: number, limit: number): readonly TaskRow[] {
    const found: TaskRow[] = [];
    for (let index = this.#firstAbove(change); index < this.#entries.length && found.length < limit; index += 1) {
      const entry = this.#entries[index];
      if (entry !== undefined && isCurrent(entry)) found.push(entry.row);
    }
    return found;
  }

  #firstAbove(change: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.change ?? 0) > change) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

const isCurrent = ({ change, row }: Entry): boolean => row.change === change;
