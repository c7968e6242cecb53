const LONGEST_SLUG = 48;
const LONGEST_PREFIX = 80;

/** Cut to a length without leaving half a character. */
const cut = (text: string, longest: number): string => text.slice(0, longest).replace(/[\uD800-\uDBFF]$/, '');

/**
 * A title as an id: letters and digits of any script, in lower case, joined by hyphens.
 *
 * @example slugOf('Write the parser') // "write-the-parser"
 */
export const slugOf = (title: string): string =>
  cut(
    cut(title, 4 * LONGEST_SLUG)
      .normalize('NFC')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, '-')
      .replaceAll(/^-+|-+$/g, ''),
    LONGEST_SLUG,
  ).replace(/-+$/, '');

/**
 * Hands out ids, each once. A box without a number is named after its title and its parent, so that
 * a box inserted elsewhere renames none; where two titles agree, the later gets a number.
 */
export class Identities {
  readonly #taken = new Set<string>();
  readonly #next = new Map<string, number>();

  has(id: string): boolean {
    return this.#taken.has(id);
  }

  /** @returns the id as wished, or with `-2`, `-3` … where it is taken */
  take(wished: string): string {
    let id = wished;
    for (let n = this.#next.get(wished) ?? 2; this.#taken.has(id); n += 1) {
      id = `${wished}-${n}`;
      this.#next.set(wished, n + 1);
    }
    this.#taken.add(id);
    return id;
  }

  /** For a box without a number. */
  takeDerived(title: string, parent: string | null): string {
    const own = slugOf(title) || 'task';
    return this.take(parent === null ? own : `${cut(parent, LONGEST_PREFIX)}.${own}`);
  }
}
