import type { PortError } from '../domain/failures.ts';
import type { DispatcherEvent } from '../domain/events.ts';
import { ok, type Result } from '../domain/result.ts';
import type { TaskRegistry } from '../ports/task-registry.ts';
import { ask } from '../runtime/ask.ts';
import { eventJson } from './views.ts';

/** How often the registry is asked for news while anybody follows, in ms. */
const LOOK_EVERY_MS = 100;
/** Events read in one go. */
const PAGE = 500;
/** Latest events kept for those who follow closely; who is further behind reads the registry. */
const KEPT = 2000;

/** An event as it goes out, written once for all who follow. */
export interface TailEvent {
  readonly event: DispatcherEvent;
  readonly text: string;
}

const written = (event: DispatcherEvent): TailEvent => ({
  event,
  text: `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(eventJson(event))}\n\n`,
});

/**
 * Reads new events once for all who follow; does nothing while nobody does. Each of them asks for what
 * comes after the last one it has, when it has room for more: nothing is missed, and nothing is kept for
 * one who does not read.
 */
export class EventTail {
  readonly #registry: TaskRegistry;
  readonly #waiting = new Set<() => void>();
  /** The latest, without a gap. */
  #recent: TailEvent[] = [];
  /** Number of the last event looked at; `null`: not looked yet. */
  #position: number | null = null;
  #followers = 0;
  #timer: NodeJS.Timeout | null = null;
  #looking = false;

  constructor(registry: TaskRegistry) {
    this.#registry = registry;
  }

  /** Begins to follow; call what it returns at the end, once. */
  follow(): () => void {
    this.#followers += 1;
    this.#timer ??= setInterval(() => void this.#look(), LOOK_EVERY_MS).unref();
    return () => {
      this.#followers -= 1;
      if (this.#followers > 0 || this.#timer === null) return;
      clearInterval(this.#timer);
      this.#timer = null;
      this.#recent = [];
      this.#position = null;
    };
  }

  /** What comes after this number, at most so many as are read in one go; empty: nothing yet. */
  async after(seq: number): Promise<Result<readonly TailEvent[], PortError>> {
    const first = this.#recent[0]?.event.seq;
    if (first !== undefined && seq >= first - 1) return ok(this.#recent.slice(seq - first + 1, seq - first + 1 + PAGE));
    if (this.#position !== null && seq >= this.#position) return ok([]);
    const page = await this.#read(seq);
    return page.ok ? ok(page.value.map(written)) : page;
  }

  /** Resolves at the next news, or after so many ms. */
  news(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs).unref();
      this.#waiting.add(done);
    });
  }

  #read(after: number): Promise<Result<readonly DispatcherEvent[], PortError>> {
    return ask<readonly DispatcherEvent[]>((reply) => this.#registry.events({ after, limit: PAGE }, reply));
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      if (this.#position === null) {
        const last = await ask<number>((reply) => this.#registry.lastEvent(reply));
        if (!last.ok) return;
        this.#position = last.value;
      }
      const page = await this.#read(this.#position);
      const last = page.ok ? page.value.at(-1) : undefined;
      // Nobody follows any more, or the registry is asked again at the next look.
      if (!page.ok || last === undefined || this.#position === null) return;
      this.#recent = [...this.#recent, ...page.value.map(written)].slice(-KEPT);
      this.#position = last.seq;
      for (const wake of [...this.#waiting]) wake();
    } finally {
      this.#looking = false;
    }
  }
}
