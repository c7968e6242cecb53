import type { PoolName } from '../../src/domain/ids.ts';
import type { SettleReport } from '../../src/ports/task-registry.ts';

/** Name of the timer that ends a pause: one for an account, whichever of its pools was told. */
export const throttleTimer = (companions: readonly PoolName[]): string => `throttle:${companions.toSorted().join()}`;

/** An attempt that the other side let through, whatever came of it. */
export const endedUnthrottled = ({ throttledUntil, taskState, notBefore }: SettleReport): boolean =>
  throttledUntil === null && (notBefore !== null || taskState === 'done' || taskState === 'failed' || taskState === 'parked');
