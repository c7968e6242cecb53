import { portError } from '../../src/domain/failures.ts';
import { slotId, type RunnerId, type SlotId } from '../../src/domain/ids.ts';
import { err, ok } from '../../src/domain/result.ts';
import type { RepoPool, Slot } from '../../src/ports/repo-pool.ts';

const slotOf = (id: SlotId): Slot => ({ id, path: `/slots/${id}`, branch: null });

/** Workspaces without a file system. Who holds what lives as long as this object, as the port says. */
export const countedSlots = (size: number, later: (fn: () => void) => void): RepoPool => {
  const held = new Map<SlotId, RunnerId>();
  const all = Array.from({ length: size }, (_, i) => slotId(`slot-${i + 1}`));
  return {
    size,
    obtain: ({ runnerId }, reply) => {
      const free = all.find((id) => !held.has(id));
      if (free !== undefined) held.set(free, runnerId);
      const unavailable = err(portError('unavailable', `all ${size} slots are taken`));
      later(() => reply(free === undefined ? unavailable : ok(slotOf(free))));
    },
    reclaim: (id, holder, reply) => {
      const other = held.get(id);
      const possible = all.includes(id) && (other === undefined || other === holder);
      if (possible) held.set(id, holder);
      later(() => reply(possible ? ok(slotOf(id)) : err(portError('invalid', `${id} is not to be had`))));
    },
    tidy: (reply) => later(() => reply(ok(null))),
    release: (id, holder, reply) => {
      if (held.get(id) === holder) held.delete(id);
      later(() => reply(ok(null)));
    },
    held: () => held,
  };
};
