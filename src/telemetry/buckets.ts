/** One distribution: how many values were at most each bound, and their sum. */
export interface Distribution {
  /** Values at most the bound of the same place, those of lower places included; the last counts all. */
  readonly cumulative: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/**
 * Counts values between fixed bounds. Ours, and not prom-client's, because that library takes longer to
 * load than a whole short run: it is loaded when somebody asks, and what was counted until then is here.
 */
export class Buckets {
  readonly bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds rising */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  add(value: number): void {
    const found = this.bounds.findIndex((bound) => value <= bound);
    const place = found === -1 ? this.bounds.length : found;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#sum += value;
  }

  read(): Distribution {
    let below = 0;
    const cumulative = this.#counts.map((count) => (below += count));
    return { cumulative, sum: this.#sum, count: below };
  }
}
