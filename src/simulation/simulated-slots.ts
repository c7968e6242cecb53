import { portError } from '../domain/failures.ts';
import { slotId, type RunnerId, type SlotId, type TaskKey } from '../domain/ids.ts';
import { err, ok } from '../domain/result.ts';
import type { RepoPool, Slot, SlotRequest } from '../ports/repo-pool.ts';
import type { Reply } from '../ports/reply.ts';
import type { Faults } from './faults.ts';

/** Who sees workspaces lent and taken back. */
export interface SlotObserver {
  slotLent(slot: SlotId, path: string, holder: RunnerId): void;
  slotReturned(slot: SlotId, path: string, holder: RunnerId): void;
  slotRefused(task: TaskKey): void;
}

const LONGEST_MS = 5000;

export const slotPathOf = (id: SlotId): string => `/slots/${id}`;
const slotOf = (id: SlotId): Slot => ({ id, path: slotPathOf(id), branch: null });

/** Workspaces without a file system. Who holds what dies with its dispatcher, as the port says. */
export class SimulatedSlots implements RepoPool {
  readonly size: number;
  readonly #held = new Map<SlotId, RunnerId>();
  readonly #faults: Faults;
  readonly #observer: SlotObserver;
  readonly #later: (fn: () => void, delayMs?: number) => void;
  readonly #name: string;
  #calls = 0;

  constructor(
    size: number,
    faults: Faults,
    world: {
      readonly name: string;
      readonly observer: SlotObserver;
      readonly later: (fn: () => void, delayMs?: number) => void;
    },
  ) {
    this.size = size;
    this.#faults = faults;
    this.#observer = world.observer;
    this.#later = world.later;
    this.#name = world.name;
  }

  obtain({ runnerId, task }: SlotRequest, reply: Reply<Slot>): void {
    this.#calls += 1;
    const about = `${this.#name}|slot ${this.#calls}`;
    const free = this.#free();
    if (free === null) {
      this.#observer.slotRefused(task);
      const none = portError('unavailable', `all ${this.size} slots are held`);
      return this.#later(() => reply(err(none)));
    }
    const delay = this.#faults.strikes('slotSlow', about) ? this.#faults.delay(about, LONGEST_MS) : 0;
    if (this.#faults.strikes('slotFails', about)) {
      return this.#later(() => {
        this.#observer.slotRefused(task);
        reply(err(portError('transient', 'the workspace cannot be emptied')));
      }, delay);
    }
    this.#held.set(free, runnerId);
    this.#observer.slotLent(free, slotPathOf(free), runnerId);
    this.#later(() => reply(ok(slotOf(free))), delay);
  }

  reclaim(id: SlotId, holder: RunnerId, reply: Reply<Slot>): void {
    const other = this.#held.get(id);
    if (other !== undefined && other !== holder) {
      return this.#later(() => reply(err(portError('invalid', `${id} is held by ${other}`))));
    }
    if (other === undefined) this.#observer.slotLent(id, slotPathOf(id), holder);
    this.#held.set(id, holder);
    this.#later(() => reply(ok(slotOf(id))));
  }

  tidy(reply: Reply<null>): void {
    this.#later(() => reply(ok(null)));
  }

  release(id: SlotId, holder: RunnerId, reply: Reply<null>): void {
    if (this.#held.get(id) === holder) {
      this.#held.delete(id);
      this.#observer.slotReturned(id, slotPathOf(id), holder);
    }
    this.#later(() => reply(ok(null)));
  }

  held(): ReadonlyMap<SlotId, RunnerId> {
    return this.#held;
  }

  #free(): SlotId | null {
    for (let number = 1; number <= this.size; number += 1) {
      const id = slotId(`slot-${number}`);
      if (!this.#held.has(id)) return id;
    }
    return null;
  }
}
