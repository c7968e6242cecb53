import type { DeadlineName, RunnerMessage } from '../messages.ts';
import { LAUNCH_TRIES } from './conclusions.ts';
import type { RunnerContext } from './context.ts';

interface Asked {
  readonly context: RunnerContext;
  readonly event: RunnerMessage;
}

const deadlineIs =
  (name: DeadlineName) =>
  ({ event }: Asked): boolean =>
    event.type === 'deadline.reached' && event.name === name;

const ends =
  (...kinds: readonly (NonNullable<RunnerContext['outcome']>['kind'] | null)[]) =>
  ({ context }: Asked): boolean =>
    kinds.includes(context.outcome?.kind ?? null);

/** Questions the runner's statechart asks. */
export const guards = {
  isAdopted: ({ context }: Asked): boolean => context.entry.kind === 'adopted',
  isCondemned: ({ context }: Asked): boolean => context.entry.kind === 'condemned',
  /** What the broken actor had decided still holds: nothing of the runner is alive then. */
  isCondemnedDecided: ({ context }: Asked): boolean => context.entry.kind === 'condemned' && context.outcome !== null,
  isCondemnedAlive: ({ context }: Asked): boolean => context.entry.kind === 'condemned' && context.handle !== null,
  /** Claimed and perhaps launched: only the engine knows. */
  isCondemnedClaimed: ({ context }: Asked): boolean => context.entry.kind === 'condemned' && context.claim !== null,
  mustStop: ({ context }: Asked): boolean => context.stop !== null,
  /** All slots are lent: no fault, only a wait. */
  isNoneFree: ({ event }: Asked): boolean => event.type === 'slot.refused' && event.error.kind === 'unavailable',
  mayTryLaunchAgain: ({ context, event }: Asked): boolean =>
    event.type === 'launch.failed' && event.error.kind === 'transient' && context.launchTries + 1 < LAUNCH_TRIES,
  /** The engine may have carried it out all the same, and only the answer was lost. */
  isUncertainFailure: ({ event }: Asked): boolean => event.type === 'launch.failed' && event.error.kind === 'transient',
  isRunTimeLimit: deadlineIs('runTime'),
  isRetryOfLaunch: deadlineIs('retryLaunch'),
  isRetryOfInspection: deadlineIs('retryInspect'),
  isRetryOfStop: deadlineIs('retryStop'),
  isRetryOfSettlement: deadlineIs('retrySettle'),
  hasSurvivors: ({ event }: Asked): boolean => event.type === 'stop.finished' && event.survivors.length > 0,
  hasNothingToRecord: ({ context }: Asked): boolean =>
    context.claim === null || context.outcome === null || context.report !== null,
  hasNoSlot: ({ context }: Asked): boolean => context.slot === null,
  /** Another dispatcher is in office: what this runner holds is that one's to give back. */
  isDeposed: ({ event }: Asked): boolean => event.type === 'settle.failed' && event.error.kind === 'deposed',
  /** Nobody can say whether it is claimed now: deposed, or the registry itself is broken. */
  isClaimInDoubt: ({ event }: Asked): boolean =>
    event.type === 'claim.refused' && (event.error.kind === 'deposed' || event.error.kind === 'permanent'),
  /** The registry knows a later attempt: nothing this runner says counts any more. */
  isFenced: ({ event }: Asked): boolean =>
    event.type === 'settle.failed' && (event.error.kind === 'fenced' || event.error.kind === 'notFound'),
  /** Not a passing fault: the registry itself is broken. */
  isBeyondRetry: ({ event }: Asked): boolean => event.type === 'settle.failed' && event.error.kind !== 'transient',
  /** Its pool must pause, and hears of it before the slot is back. */
  wasThrottled: ({ event }: Asked): boolean => event.type === 'settle.recorded' && event.report.throttledUntil !== null,
  endedWell: ends('succeeded', 'parked'),
  endedInFailure: ends('failed', 'launchFailed', 'throttled'),
  endedInTimeout: ends('timedOut'),
  endedLost: ends('lost'),
};
