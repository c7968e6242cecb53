import { portError } from '../domain/failures.ts';
import { err, ok } from '../domain/result.ts';
import type { EventJournal, KeyedEvent } from '../ports/event-journal.ts';
import type { Reply } from '../ports/reply.ts';
import type { Faults } from './faults.ts';

const full = portError('transient', 'no space left on device');

/** Who sees what was written to the file, durably. */
export interface JournalObserver {
  journaled(events: readonly KeyedEvent[]): void;
}

/** The file beside the registry; its lines outlive every dispatcher. */
export class SimulatedJournal implements EventJournal {
  readonly #lines: KeyedEvent[];
  readonly #faults: Faults;
  readonly #later: (fn: () => void) => void;
  readonly #name: string;
  readonly #observer: JournalObserver;
  /** What the last reading gave: clearing takes no more than that. */
  #read: KeyedEvent[] = [];
  #calls = 0;

  constructor(
    lines: KeyedEvent[],
    faults: Faults,
    world: { readonly name: string; readonly later: (fn: () => void) => void; readonly observer: JournalObserver },
  ) {
    this.#observer = world.observer;
    this.#lines = lines;
    this.#faults = faults;
    this.#later = world.later;
    this.#name = world.name;
  }

  #fails(): boolean {
    this.#calls += 1;
    return this.#faults.strikes('journalFails', `${this.#name}|journal ${this.#calls}`);
  }

  append(events: readonly KeyedEvent[], reply: Reply<null>): void {
    if (this.#fails()) return this.#later(() => reply(err(full)));
    this.#lines.push(...events);
    this.#observer.journaled(events);
    this.#later(() => reply(ok(null)));
  }

  read(reply: Reply<readonly KeyedEvent[]>): void {
    this.#read = [...this.#lines];
    const read = [...this.#read];
    this.#later(() => reply(ok(read)));
  }

  clear(reply: Reply<null>): void {
    if (this.#fails()) return this.#later(() => reply(err(full)));
    const cleared = new Set(this.#read.splice(0));
    const rest = this.#lines.filter((line) => !cleared.has(line));
    this.#lines.splice(0, this.#lines.length, ...rest);
    this.#later(() => reply(ok(null)));
  }
}
