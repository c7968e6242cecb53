/** A look that comes later than this proves nothing: whoever looks was stopped itself, perhaps with the whole machine. */
const LONGEST_LOOK_MS = 1_000;

/**
 * How long somebody has given no sign of life, by the watcher's own monotonic clock. Time during which
 * nobody looked does not count, so that neither a jump of the wall clock nor a machine that slept makes
 * anybody look dead.
 */
export class Silence {
  #sign: string | null = null;
  #ms = 0;
  #last = 0;

  /**
   * @param sign what is to be seen of its last sign of life
   * @param now monotonic ms
   * @returns ms without a new sign
   */
  look(sign: string, now: number): number {
    if (sign === this.#sign) this.#ms += Math.min(now - this.#last, LONGEST_LOOK_MS);
    else this.#ms = 0;
    this.#sign = sign;
    this.#last = now;
    return this.#ms;
  }
}
