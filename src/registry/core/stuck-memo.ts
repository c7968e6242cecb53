import type { StuckReport, WaitingShape } from '../../domain/deadlock.ts';

/** The answer to a question about the whole registry, as long as nothing has happened that could change it. */
class Remembered<T> {
  #version = -1;
  #names = 0;
  #value: T | null = null;

  at(version: number, names: number, make: () => T): T {
    if (this.#value === null || this.#version !== version || this.#names !== names) this.#value = make();
    [this.#version, this.#names] = [version, names];
    return this.#value;
  }

  forget(): void {
    this.#value = null;
  }
}

/** What the last analysis found. */
export class StuckMemo {
  readonly deadlocks = new Remembered<Pick<StuckReport, 'deadlocks' | 'stuck'>>();
  readonly shapes = new Remembered<readonly WaitingShape[]>();

  /** To be called when a transaction was rolled back: its numbers will be given again. */
  forget(): void {
    this.deadlocks.forget();
    this.shapes.forget();
  }
}
