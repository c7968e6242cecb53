import { portError, type PortError } from '../domain/failures.ts';
import { slotId, type RunnerId, type SlotId } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';

/** Which free slot to take rather than another; lower is better, `null`: not this one. */
export type Preference = (id: SlotId) => number | null;

const alike: Preference = () => 0;

/** Who holds which of the slots `slot-1` … `slot-<size>`. In memory only. */
export class SlotLedger {
  readonly size: number;
  readonly #held = new Map<SlotId, RunnerId>();

  /** @throws RangeError for less than one slot: configuration has checked it */
  constructor(size: number) {
    if (!Number.isInteger(size) || size < 1) throw new RangeError(`slots must be 1 or more: ${size}`);
    this.size = size;
  }

  /** Holds the preferred free slot, of equal ones the lowest. `unavailable` when there is none, `invalid` for a second one. */
  take(runner: RunnerId, preference: Preference = alike): Result<SlotId, PortError> {
    for (const [id, holder] of this.#held) {
      if (holder !== runner) continue;
      return err(portError('invalid', `${runner} holds ${id} already; release it before asking for another`));
    }
    const id = this.#bestFree(preference);
    if (id !== null) {
      this.#held.set(id, runner);
      return ok(id);
    }
    const held = `all ${this.size} slots are held (repo_pool.slots sets how many there are)`;
    return err(portError('unavailable', this.#held.size >= this.size ? held : 'no free slot can be used just now'));
  }

  #bestFree(preference: Preference): SlotId | null {
    let best: { readonly id: SlotId; readonly rank: number } | null = null;
    for (let number = 1; number <= this.size; number += 1) {
      const id = slotId(`slot-${number}`);
      const rank = this.#held.has(id) ? null : preference(id);
      if (rank === 0) return id;
      if (rank !== null && (best === null || rank < best.rank)) best = { id, rank };
    }
    return best?.id ?? null;
  }

  /** Holds the slot of a runner found alive, also one beyond the present size: `slots` was made smaller since. */
  reclaim(id: SlotId, runner: RunnerId, place: string): Result<SlotId, PortError> {
    const present = this.#held.get(id);
    if (present !== undefined && present !== runner) {
      return err(portError('invalid', `slot ${id} is held by ${present}, not by ${runner}`));
    }
    if (slotNumber(id) === null) return err(portError('invalid', `"${id}" is no slot of ${place}: expected slot-<n>`));
    this.#held.set(id, runner);
    return ok(id);
  }

  isHeldBy(id: SlotId, runner: RunnerId): boolean {
    return this.#held.get(id) === runner;
  }

  /** False, and nothing changed, when another one has it. */
  drop(id: SlotId, runner: RunnerId): boolean {
    return this.isHeldBy(id, runner) && this.#held.delete(id);
  }

  held(): ReadonlyMap<SlotId, RunnerId> {
    return new Map(this.#held);
  }
}

/** 3 for `slot-3`; `null` for what is no slot's name. */
export const slotNumber = (name: string): number | null => {
  const found = /^slot-([1-9]\d{0,8})$/.exec(name);
  return found === null ? null : Number(found[1]);
};
