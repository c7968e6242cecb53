import { event as draft, type EventDraft } from '../src/domain/events.ts';
import type { KeyedEvent } from '../src/ports/event-journal.ts';

/** Events that are stored in one go; a recovery after an outage is then many small transactions. */
const BATCH = 1_000;

/** Events that may wait in memory, about 10 MB, when they can be written nowhere. */
const MOST_KEPT = 10_000;

interface Dropped {
  readonly count: number;
  /** Wall ms of the first and of the last. */
  readonly from: number;
  readonly until: number;
}

/**
 * Events on their way to the registry, in order, each with a key of its own so that it is stored
 * once. When they can go nowhere and the place is full, the newest give way: what is kept stays an
 * unbroken record up to there, and an event says how many are missing after it. Owned by the recorder,
 * changed in its plain actions only.
 */
export class EventBuffer {
  readonly #prefix: string;
  readonly #mostKept: number;
  #next = 1;
  #waiting: KeyedEvent[] = [];
  #sending: readonly KeyedEvent[] = [];
  #dropped: Dropped | null = null;

  /** @param prefix unique to this dispatcher's life, e.g. `epoch-<epoch>` */
  constructor(prefix: string, mostKept: number = MOST_KEPT) {
    this.#prefix = prefix;
    this.#mostKept = mostKept;
  }

  get size(): number {
    return this.#waiting.length + this.#sending.length;
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  get sending(): readonly KeyedEvent[] {
    return this.#sending;
  }

  /** How many were dropped since there was room last. */
  get dropped(): number {
    return this.#dropped?.count ?? 0;
  }

  /** Keeps it, or counts it as dropped. */
  add(event: EventDraft): void {
    if (this.size < this.#mostKept) {
      this.#push(event);
      return;
    }
    const { count, from } = this.#dropped ?? { count: 0, from: event.at };
    this.#dropped = { count: count + 1, from, until: event.at };
  }

  /** The oldest that wait join the batch under way, behind what already is in it. */
  take(): void {
    const room = Math.max(0, BATCH - this.#sending.length);
    if (room > 0) this.#sending = [...this.#sending, ...this.#waiting.splice(0, room)];
  }

  /** The batch under way is safe, in the registry or in the journal. */
  settle(): void {
    this.#sending = [];
    const dropped = this.#dropped;
    if (dropped === null) return;
    this.#dropped = null;
    const { count, from, until } = dropped;
    this.#push(draft('EventsDropped', until, 'dispatcher', { details: { count, from, until } }));
  }

  #push(event: EventDraft): void {
    this.#waiting.push({ key: `${this.#prefix}-${this.#next}`, event });
    this.#next += 1;
  }
}
