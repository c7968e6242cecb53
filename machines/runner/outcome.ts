import { outcomeOf, type ObservedExit, type Outcome } from '../../src/domain/outcome.ts';
import type { StopReason } from './context.ts';

/**
 * The outcome of a process that was stopped. What ended before the decision to stop it ended by
 * itself; after it, only a result that the runner wrote can still say that the work is done.
 */
export const outcomeOfStop = (stop: StopReason, exit: ObservedExit | null): Outcome => {
  if (exit !== null) {
    const own = outcomeOf(exit);
    // It was stopped because it had said how its work did: whatever the wall clock has done since, that counts.
    if (exit.at <= stop.wallAt || stop.kind === 'completed') return own;
    if (stop.kind === 'interrupted' && exit.result !== null && own.kind === 'succeeded') return own;
  }
  const { kind, reason } = stop;
  switch (kind) {
    case 'hung':
    case 'stalled':
      return { kind: 'timedOut', reason: `${kind}: ${reason}` };
    case 'completed':
      // What it reported was not to be had at the end: a broken disk.
      return { kind: 'lost', reason };
    case 'interrupted':
    case 'cancelled':
    case 'timedOut':
    case 'lost':
      return { kind, reason };
  }
};
