interface Bucket {
  tokens: number;
  at: number;
}

export interface BucketTerms {
  /** Refilled in a second. */
  readonly perSecond: number;
  readonly burst: number;
  /** Names remembered; of more than these the one that was quiet for longest is forgotten. */
  readonly most: number;
}

/** Limits how often each of many may come. Its memory is bounded. */
export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>();
  readonly #terms: BucketTerms;

  constructor(terms: BucketTerms) {
    this.#terms = terms;
  }

  /**
   * @param now monotonic ms
   * @returns 0, or after how many ms it may come again
   */
  take(name: string, now: number): number {
    const { perSecond, burst, most } = this.#terms;
    const bucket = this.#buckets.get(name) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) * perSecond) / 1000);
    bucket.at = now;
    // Moved to the end: the first is the one that was quiet for longest.
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= most) break;
      this.#buckets.delete(oldest);
    }
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * 1000) / perSecond);
    bucket.tokens -= 1;
    return 0;
  }
}
