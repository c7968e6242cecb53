import type { Telemetry } from '../ports/telemetry.ts';

/** Tells each of them, in order. */
export const joined = (listeners: readonly Telemetry[]): Telemetry => ({
  tell: (notice) => {
    for (const listener of listeners) listener.tell(notice);
  },
});
