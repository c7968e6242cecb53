import { createHash, type Hash } from 'node:crypto';
import type { InspectionEvent } from 'xstate';

const CHUNK = 1 << 15;

/**
 * Everything that happened, one line each, as a hash: two runs are the same exactly if their traces
 * are. Actors are named by the path of their ids, times are virtual: nothing in a line depends on the
 * process that wrote it.
 */
export class Trace {
  readonly #hash: Hash = createHash('sha256');
  readonly #paths = new WeakMap<object, string>();
  readonly #kept: string[] | null;
  readonly #watch: ((event: InspectionEvent) => void) | null;
  #buffer = '';
  /** Messages between actors so far. */
  messages = 0;

  /**
   * @param keep whether the lines themselves are wanted: they take memory
   * @param watch told of everything that is inspected
   */
  constructor(keep = false, watch: ((event: InspectionEvent) => void) | null = null) {
    this.#kept = keep ? [] : null;
    this.#watch = watch;
  }

  get lines(): readonly string[] {
    return this.#kept ?? [];
  }

  write(line: string): void {
    this.#kept?.push(line);
    this.#buffer += `${line}\n`;
    if (this.#buffer.length < CHUNK) return;
    this.#hash.update(this.#buffer);
    this.#buffer = '';
  }

  /** For `createActor`'s `inspect`. */
  readonly inspect = (event: InspectionEvent): void => {
    this.#watch?.(event);
    if (event.type !== '@xstate.event') return;
    this.messages += 1;
    const from = event.sourceRef === undefined ? '' : this.#path(event.sourceRef);
    this.write(`${from}>${this.#path(event.actorRef)} ${event.event.type}`);
  };

  #path(ref: object): string {
    const known = this.#paths.get(ref);
    if (known !== undefined) return known;
    const { id, _parent: parent } = ref as { readonly id?: string; readonly _parent?: object };
    const path = parent === undefined ? String(id) : `${this.#path(parent)}/${id}`;
    this.#paths.set(ref, path);
    return path;
  }

  /** 64 hexadecimal digits. Ends the trace. */
  digest(): string {
    this.#hash.update(this.#buffer);
    this.#buffer = '';
    return this.#hash.digest('hex');
  }
}

/** Where two traces part: the number of the line, from 1, and both lines; `null` when they are the same. */
export const firstDivergence = (
  a: readonly string[],
  b: readonly string[],
): { readonly step: number; readonly one: string; readonly other: string } | null => {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    if (a[i] !== b[i]) return { step: i + 1, one: a[i] ?? '(end)', other: b[i] ?? '(end)' };
  }
  return null;
};
