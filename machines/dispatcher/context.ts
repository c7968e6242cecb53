import type { PoolName, TaskKey } from '../../src/domain/ids.ts';
import type { DispatcherSettings, PoolSettings } from '../../src/domain/settings.ts';
import type { Telemetry } from '../../src/ports/telemetry.ts';
import type { Assignment, Scheduler } from '../../src/scheduling/scheduler.ts';
import { deadlocksOf } from '../../src/scheduling/stuck.ts';
import type { RunnerLogic } from '../agent-pool/context.ts';
import { DeadlockBoard } from '../deadlock-board.ts';
import type { DeadlockMonitorInput } from '../deadlock-monitor.machine.ts';
import type { EventBuffer } from '../event-buffer.ts';

export interface DispatcherInput {
  readonly settings: DispatcherSettings;
  readonly pools: readonly PoolSettings[];
  /** Queue and ledger; the Dispatcher alone changes them. */
  readonly scheduler: Scheduler;
  readonly eventBuffer: EventBuffer;
  /** The runner's statechart with real port actors in it; pools spawn it. */
  readonly runnerLogic: RunnerLogic;
  readonly telemetry: Telemetry;
  /** Monotonic ms. */
  readonly now: () => number;
  /** ms since the epoch. */
  readonly wall: () => number;
  /** End when nothing is left to do. */
  readonly untilIdle: boolean;
}

/** What the next step sends; filled by one plain action, read by the next action, then emptied. */
export class Outbox {
  assignments: readonly Assignment[] = [];
  /** Monotonic ms for which the back-off timer is set; `null`: none is. */
  backoffArmedFor: number | null = null;
  /** Whom to cancel once they are taken over, and why: asked for while it was not known yet what runs. */
  readonly cancellations = new Map<TaskKey, string>();
}

export interface DispatcherContext extends DispatcherInput {
  readonly outbox: Outbox;
  /** What holds tasks up for good, as last surveyed. */
  readonly deadlocks: DeadlockBoard;
  /** Last question to the monitor whether really nothing is left. */
  readonly idleToken: number;
  readonly shutdownReason: string | null;
  /** Who asked that it be drained; `null`: nobody. */
  readonly drainActor: string | null;
  /** Not configured any more: they take nothing, and go once they are empty. */
  readonly retiring: ReadonlySet<PoolName>;
  /** Why it ends in `failed`; `null` while there is no reason to. */
  readonly failure: string | null;
}

/** How the Dispatcher's life ended. */
export interface DispatcherOutput {
  readonly failure: string | null;
  readonly reason: string;
}

export const dispatcherContext = (input: DispatcherInput): DispatcherContext => ({
  ...input,
  outbox: new Outbox(),
  deadlocks: new DeadlockBoard(),
  idleToken: 0,
  shutdownReason: null,
  drainActor: null,
  retiring: new Set(),
  failure: null,
});

/** Why it ends, in a word or a line. */
export const endReason = ({ failure, shutdownReason, drainActor }: DispatcherContext): string =>
  failure ?? shutdownReason ?? (drainActor === null ? 'idle' : 'drained');

export const poolActorId = (pool: PoolName): string => `pool:${pool}`;
export const MONITOR = 'monitor';
export const RECORDER = 'recorder';
export const DEADLOCK_MONITOR = 'deadlockMonitor';

/** `null` where nobody wants it. */
export const deadlockMonitorInput = (context: DispatcherContext): DeadlockMonitorInput | null => {
  const { settings, scheduler, deadlocks: board, telemetry, wall } = context;
  if (settings.deadlockCheckMs === null) return null;
  return { checkIntervalMs: settings.deadlockCheckMs, judge: (report) => deadlocksOf(report, scheduler), board, telemetry, wall };
};
export const SWEEP = 'sweep';
