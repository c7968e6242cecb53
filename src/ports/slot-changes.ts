import type { Reply } from './reply.ts';

/** Looks whether anybody works in a workspace. */
export interface SlotChanges {
  /**
   * Latest time of change of what is in this folder, ms since the epoch, by a look that is bounded: deep
   * folders may be missed. `null` where it cannot be seen from here.
   */
  newest(path: string, reply: Reply<number | null>): void;
}
