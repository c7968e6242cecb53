/**
 * One run of some work for all who ask before it begins; who asks while it goes on shares the next
 * one, which sees what has happened meanwhile.
 */
export class SharedRun<T> {
  readonly #work: () => Promise<T>;
  #last: Promise<unknown> = Promise.resolve();
  #next: Promise<T> | null = null;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  ask(): Promise<T> {
    if (this.#next !== null) return this.#next;
    const begin = (): Promise<T> => {
      this.#next = null;
      return this.#work();
    };
    const next = this.#last.then(begin, begin);
    this.#next = next;
    this.#last = next.catch(() => undefined);
    return next;
  }
}
