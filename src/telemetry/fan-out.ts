import type { Telemetry } from '../ports/telemetry.ts';

/** Tells everybody; one that throws does not keep the others from hearing. */
export const fanOut = (listeners: readonly Telemetry[]): Telemetry => ({
  tell: (notice) => {
    for (const listener of listeners) {
      try {
        listener.tell(notice);
      } catch {
        // Nothing depends on who listens, and this is the only way left to say anything.
      }
    }
  },
});
