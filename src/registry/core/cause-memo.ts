import type { TaskKey } from '../../domain/ids.ts';

const LARGEST_MEMO = 500_000;

/**
 * What is known of why tasks are blocked, kept until something happens that can change it: listing
 * ten thousand tasks walks each ancestor once, and the next page walks only what is new.
 */
export class CauseMemo {
  readonly #byTask = new Map<TaskKey, string | null>();
  #doom = -1;

  /** The causes that hold while the registry's `doom` counter stands at this. */
  at(doom: number): Map<TaskKey, string | null> {
    if (doom !== this.#doom || this.#byTask.size > LARGEST_MEMO) this.#byTask.clear();
    this.#doom = doom;
    return this.#byTask;
  }

  /** To be called when a transaction was rolled back: its `doom` will be given again. */
  forget(): void {
    this.#doom = -1;
  }
}
