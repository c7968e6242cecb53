import { setTimeout as delay } from 'node:timers/promises';

/** What client-go's own limiter allows a controller, give or take: requests a second, and at once. */
const PER_SECOND = 10;
const BURST = 20;

/** Keeps requests at 10 a second, 20 at once after a rest, in the order in which they were asked for. */
export class RequestPace {
  #tokens = BURST;
  #filledAt = performance.now();
  #turn: Promise<void> = Promise.resolve();
  #restUntil = 0;

  /** Resolves when the next request may be sent; rejects when given up before. */
  take(signal: AbortSignal): Promise<void> {
    const mine = this.#turn.then(() => this.#wait(signal));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** The server asks to be left alone for so many ms. */
  rest(ms: number): void {
    this.#restUntil = Math.max(this.#restUntil, performance.now() + ms);
  }

  async #wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const rest = this.#restUntil - performance.now();
    if (rest > 0) await delay(rest, undefined, { signal });
    const now = performance.now();
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#filledAt) / 1000) * PER_SECOND) - 1;
    this.#filledAt = now;
    if (this.#tokens < 0) await delay((-this.#tokens / PER_SECOND) * 1000, undefined, { signal });
  }
}
