export type Labels = Readonly<Record<string, string>>;

/** Values by labels, in the order in which they first came. */
export class Labelled<T> {
  readonly #values = new Map<string, { readonly labels: Labels; value: T }>();
  readonly #first: () => T;

  constructor(first: () => T) {
    this.#first = first;
  }

  /** Changes the value with these labels; one that is not there yet begins as the first. */
  change(labels: Labels, next: (value: T) => T): void {
    const key = Object.values(labels).join('\0');
    const entry = this.#values.get(key);
    if (entry === undefined) this.#values.set(key, { labels, value: next(this.#first()) });
    else entry.value = next(entry.value);
  }

  /** Makes sure that there is one. */
  begin(labels: Labels): void {
    this.change(labels, (value) => value);
  }

  entries(): readonly { readonly labels: Labels; readonly value: T }[] {
    return [...this.#values.values()];
  }
}
