import { outcomeOf, type ObservedExit, type Outcome } from '../../src/domain/outcome.ts';
import type { StopReason } from './context.ts';

/**
 * The outcome of a process that was stopped. What ended before the decision to stop it ended by
 * itself; after it, only a result that the runner wrote can still say that the work is done.
 */
export const outcomeOfStop = (stop: StopReason, exit: ObservedExit | null): Outcome => {
  if (exit !== null) {
    const own = outcomeOf(exit);
    if (exit.at <= stop.wallAt) return own;
    if (stop.kind === 'interrupted' && exit.result !== null && own.kind === 'succeeded') return own;
  }
  return { kind: stop.kind, reason: stop.reason };
};
