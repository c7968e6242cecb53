import type { RunnerId } from '../domain/ids.ts';
import type { WatchEvent } from '../ports/launcher.ts';

export type FinalEvent = Extract<WatchEvent, { kind: 'exited' | 'vanished' }>;

interface Ending {
  final: FinalEvent | null;
  /** Somebody is finding out how it ended. */
  begun: boolean;
  readonly watchers: Set<(event: FinalEvent) => void>;
}

/** How each runner ended, told to each watcher once, also to one that comes late. */
export class Endings {
  readonly #endings = new Map<RunnerId, Ending>();

  #ending(id: RunnerId): Ending {
    const known = this.#endings.get(id);
    if (known !== undefined) return known;
    const ending: Ending = { final: null, begun: false, watchers: new Set() };
    this.#endings.set(id, ending);
    return ending;
  }

  final(id: RunnerId): FinalEvent | null {
    return this.#endings.get(id)?.final ?? null;
  }

  /** True for the first who asks: it is theirs to find out and to call {@link settle}. */
  begin(id: RunnerId): boolean {
    const ending = this.#ending(id);
    if (ending.begun) return false;
    ending.begun = true;
    return true;
  }

  settle(id: RunnerId, final: FinalEvent): void {
    const ending = this.#ending(id);
    if (ending.final !== null) return;
    ending.final = final;
    const watchers = [...ending.watchers];
    ending.watchers.clear();
    for (const watcher of watchers) watcher(final);
  }

  /** Never tells during the call. Returns how to stop listening. */
  watch(id: RunnerId, notify: (event: FinalEvent) => void): () => void {
    const ending = this.#ending(id);
    const { final } = ending;
    if (final !== null) {
      const immediate = setImmediate(() => notify(final));
      return () => clearImmediate(immediate);
    }
    ending.watchers.add(notify);
    return () => ending.watchers.delete(notify);
  }

  /** Waits as long as it takes. */
  of(id: RunnerId): Promise<FinalEvent> {
    return new Promise((resolve) => void this.watch(id, resolve));
  }

  /** Resolves to `null` when nothing is known after `patienceMs`. */
  async within(id: RunnerId, patienceMs: number): Promise<FinalEvent | null> {
    const { promise, resolve } = Promise.withResolvers<FinalEvent | null>();
    const timer = setTimeout(() => resolve(null), patienceMs);
    const unwatch = this.watch(id, resolve);
    const final = await promise;
    clearTimeout(timer);
    unwatch();
    return final;
  }

  forget(id: RunnerId): void {
    this.#endings.delete(id);
  }

  /** Nobody is told anything any more. */
  silence(): void {
    for (const ending of this.#endings.values()) ending.watchers.clear();
  }
}
