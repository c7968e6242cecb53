import { assertEvent } from 'xstate';
import { event as draft } from '../../src/domain/events.ts';
import { parseTaskKey } from '../../src/domain/ids.ts';
import { formatDuration } from '../../src/domain/quantities.ts';
import { outcomeOf, type Outcome } from '../../src/domain/outcome.ts';
import type { DeadlineName, PoolMessage, RunnerMessage } from '../messages.ts';
import { afterClaimRefusal, afterSlotRefusal, retryDelayMs } from './conclusions.ts';
import type { RunnerContext, StopReason } from './context.ts';
import { outcomeOfStop } from './outcome.ts';
import { runTimeLeftMs, timeoutReason } from './time-limit.ts';

interface Told {
  readonly context: RunnerContext;
  readonly event: RunnerMessage;
}
type Change = Partial<RunnerContext>;

/** A throttled one that was not told until when gets a time here, for the pool knows how often that was so. */
const timed = (context: RunnerContext, outcome: Outcome): Outcome =>
  outcome.kind === 'throttled' && outcome.retryAfterMs === null ? { ...outcome, retryAfterMs: context.terms.throttleMs() } : outcome;

const conclude = (context: RunnerContext, outcome: Outcome): Change => ({
  outcome: timed(context, outcome),
  endedAtWall: context.terms.wall(),
});

/** How messages change what the runner knows. Pure: `assign` runs them. */
export const changes = {
  keepSlot: ({ event }: Told): Change => {
    assertEvent(event, 'slot.obtained');
    return { slot: event.slot };
  },
  keepClaim: ({ event }: Told): Change => {
    assertEvent(event, 'claim.granted');
    return { claim: event.claim };
  },
  keepHandle: ({ event }: Told): Change => {
    assertEvent(event, 'launch.succeeded');
    return { handle: event.handle, startedAt: event.at, startedAtWall: event.wallAt };
  },
  keepFoundHandle: ({ context, event }: Told): Change => {
    assertEvent(event, 'inspection.alive');
    const wall = context.terms.wall();
    const startedAtWall = context.startedAtWall ?? wall;
    return { handle: event.handle, startedAt: event.at - Math.max(0, wall - startedAtWall), startedAtWall };
  },
  keepExit: ({ context, event }: Told): Change => {
    if (event.type === 'stop.finished') return { exit: event.exit ?? context.exit };
    assertEvent(event, 'process.exited');
    return { exit: event.exit };
  },
  keepReport: ({ event }: Told): Change => {
    assertEvent(event, 'settle.recorded');
    return { report: event.report };
  },
  countLaunch: ({ context }: Told): Change => ({ launchTries: context.launchTries + 1 }),
  countSettlement: ({ context }: Told): Change => ({ settleTries: context.settleTries + 1 }),

  rememberStop: ({ context, event }: Told): Change => {
    assertEvent(event, ['runner.cancel', 'runner.interrupt']);
    const kind: StopReason['kind'] = event.type === 'runner.cancel' ? 'cancelled' : 'interrupted';
    const { stop } = context;
    // A person's word outranks a shutdown: the task is not to come back.
    if (stop !== null && !(kind === 'cancelled' && stop.kind === 'interrupted')) return {};
    return { stop: { kind, reason: event.reason, wallAt: stop?.wallAt ?? event.wallAt } };
  },
  rememberTimeout: ({ context, event }: Told): Change => {
    assertEvent(event, 'deadline.reached');
    return { stop: { kind: 'timedOut', reason: timeoutReason(context), wallAt: event.wallAt } };
  },
  rememberSilence: ({ event }: Told): Change => {
    assertEvent(event, 'heartbeat.lapsed');
    const reason = `alive, but it has said nothing for ${formatDuration(event.silentMs)}`;
    return { stop: { kind: 'hung', reason, wallAt: event.wallAt } };
  },
  rememberStall: ({ event }: Told): Change => {
    assertEvent(event, 'work.stalled');
    const reason = `no progress, output, processor time or change in its slot for ${formatDuration(event.idleMs)}`;
    return { stop: { kind: 'stalled', reason, wallAt: event.wallAt } };
  },
  rememberOverdue: ({ event }: Told): Change => {
    assertEvent(event, 'completion.overdue');
    return { stop: { kind: 'completed', reason: 'it reported that it is done and did not end', wallAt: event.wallAt } };
  },
  rememberRefusal: ({ event }: Told): Change => {
    assertEvent(event, ['slot.refused', 'claim.refused']);
    return {
      refusal: event.type === 'slot.refused' ? afterSlotRefusal(event.error) : afterClaimRefusal(event.error),
    };
  },
  /** Stopped before it was claimed: nothing happened, the task simply goes back. */
  rememberAbandonment: ({ context }: Told): Change => ({
    refusal: { reason: context.stop?.reason ?? 'stopped', requeueAfterMs: 0 },
  }),

  concludeExit: ({ context, event }: Told): Change => {
    assertEvent(event, ['process.exited', 'inspection.exited']);
    return { exit: event.exit, ...conclude(context, outcomeOf(event.exit)) };
  },
  concludeLost: ({ context, event }: Told): Change => {
    assertEvent(event, ['process.vanished', 'inspection.vanished']);
    return conclude(context, { kind: 'lost', reason: event.reason });
  },
  concludeStop: ({ context }: Told): Change =>
    context.stop === null ? {} : conclude(context, outcomeOfStop(context.stop, context.exit)),
  /** It was there, and its engine has no trace of it. */
  concludeTraceless: ({ context }: Told): Change => conclude(context, { kind: 'lost', reason: 'its engine knows nothing of it any more' }),
  /** Claimed, never started, and its workspace is not there any more: it starts anew elsewhere. */
  concludeSlotGone: ({ context }: Told): Change =>
    conclude(context, { kind: 'interrupted', reason: 'its slot is no longer configured' }),
  concludeLaunchFailed: ({ context, event }: Told): Change => {
    assertEvent(event, 'launch.failed');
    const { kind, message } = event.error;
    if (kind === 'throttled') return conclude(context, { kind, reason: message, retryAfterMs: null });
    return conclude(context, { kind: 'launchFailed', reason: message, retryable: kind === 'transient' });
  },
};

const setDeadline =
  (name: DeadlineName, delayMs: (context: RunnerContext) => number) =>
  ({ context }: Told): PoolMessage => ({
    type: 'deadline.set',
    runnerId: context.runnerId,
    name,
    at: context.terms.now() + delayMs(context),
  });

/** What the runner says to its pool. */
export const reports = {
  tellLaunched: ({ context, event }: Told): PoolMessage => ({
    type: 'runner.launched',
    runnerId: context.runnerId,
    adopted: event.type === 'inspection.alive',
    limitAt: context.terms.now() + runTimeLeftMs(context),
  }),
  tellLaunchFailed: ({ context, event }: Told): PoolMessage => {
    assertEvent(event, 'launch.failed');
    return { type: 'runner.launchFailed', runnerId: context.runnerId, error: event.error };
  },
  recordLaunchFailure: ({ context, event }: Told): PoolMessage => {
    assertEvent(event, 'launch.failed');
    const { kind, message: reason } = event.error;
    const details = { reason, kind, try: context.launchTries + 1 };
    return { type: 'event.record', event: draft('LaunchFailed', context.terms.wall(), 'dispatcher', { ...about(context), details }) };
  },
  recordSlotFailure: ({ context, event }: Told): PoolMessage => {
    assertEvent(event, 'slot.refused');
    const details = { reason: event.error.message };
    return { type: 'event.record', event: draft('SlotFailed', context.terms.wall(), 'dispatcher', { ...about(context), details }) };
  },
  tellThrottled: ({ context, event }: Told): PoolMessage => {
    assertEvent(event, 'settle.recorded');
    const { outcome, runnerId } = context;
    const reason = outcome !== null && 'reason' in outcome ? outcome.reason : '';
    return { type: 'runner.throttled', runnerId, until: event.report.throttledUntil ?? 0, reason };
  },
  tellSurvivors: ({ context, event }: Told): PoolMessage => {
    const what = event.type === 'stop.finished' ? event.survivors.join(', ') : 'the stop itself failed';
    return {
      type: 'event.record',
      event: draft('RunnerSurvived', context.terms.wall(), 'dispatcher', {
        ...about(context),
        details: { survivors: what },
      }),
    };
  },
  tellStopping: ({ context }: Told): PoolMessage => ({
    type: 'event.record',
    event: draft('RunnerStopping', context.terms.wall(), 'dispatcher', {
      ...about(context),
      details: { why: context.stop?.kind ?? null, reason: context.stop?.reason ?? null },
    }),
  }),
  tellStalling: ({ context, event }: Told): PoolMessage => {
    assertEvent(event, 'work.stalling');
    const details = { idle_ms: Math.round(event.idleMs), stops_after_ms: event.limitMs };
    return { type: 'event.record', event: draft('RunnerStalling', context.terms.wall(), 'dispatcher', { ...about(context), details }) };
  },
  tellRegistryFailed: ({ event }: Told): PoolMessage => {
    assertEvent(event, ['settle.failed', 'claim.refused']);
    return { type: 'registry.failed', error: event.error };
  },
  askForTimeLimit: setDeadline('runTime', runTimeLeftMs),
  askToRetryLaunch: setDeadline('retryLaunch', (context) => retryDelayMs(context.launchTries)),
  askToRetryInspection: setDeadline('retryInspect', () => retryDelayMs(1)),
  askToRetryStop: setDeadline('retryStop', () => retryDelayMs(4)),
  askToRetrySettlement: setDeadline('retrySettle', (context) => retryDelayMs(context.settleTries)),
  dropTimeLimit: ({ context }: Told): PoolMessage => ({
    type: 'deadline.clear',
    runnerId: context.runnerId,
    name: 'runTime',
  }),
};

const about = (context: RunnerContext) => ({
  spec: context.task.spec,
  taskId: parseTaskKey(context.task.key)?.id ?? null,
  attempt: context.claim?.attempt ?? null,
  runnerId: context.runnerId,
  slotId: context.slot?.id ?? null,
  pool: context.terms.pool,
});
