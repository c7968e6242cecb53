import type { StuckReport } from '../src/domain/deadlock.ts';
import type { EventDraft } from '../src/domain/events.ts';
import type { PortError } from '../src/domain/failures.ts';
import type { PoolName, RunnerId, TaskKey } from '../src/domain/ids.ts';
import type { ObservedExit, Outcome } from '../src/domain/outcome.ts';
import type { DispatcherSettings, PoolSettings } from '../src/domain/settings.ts';
import type { ReadyTask } from '../src/domain/task.ts';
import type { RunnerHandle } from '../src/ports/launcher.ts';
import type { Slot } from '../src/ports/repo-pool.ts';
import type { ChangeBatch, Claim, OpenAttempt, SettleReport } from '../src/ports/task-registry.ts';

/**
 * Everything that actors say to each other. `noun.verb` asks for something, `noun.verbed` tells of
 * something; times are monotonic ms unless a name says wall.
 */

/** An attempt that an earlier dispatcher left open, with the slot it still holds. */
export interface Adoption {
  readonly runnerId: RunnerId;
  readonly pool: PoolName;
  readonly attempt: OpenAttempt;
  readonly slot: Slot | null;
}

/** What a settled runner tells its pool, and the pool the Dispatcher. */
export interface RunnerSettled {
  readonly runnerId: RunnerId;
  readonly task: ReadyTask;
  readonly attempt: number | null;
  /** `null`: never claimed, so nothing was settled. */
  readonly report: SettleReport | null;
  /** Not claimed, but still to be done: try again after so many ms. `null`: the registry knows better. */
  readonly requeueAfterMs: number | null;
  readonly outcome: Outcome['kind'] | null;
  readonly reason: string | null;
  readonly durationMs: number | null;
}

export type DeadlineName = 'runTime' | 'retryLaunch' | 'retrySettle' | 'retryStop' | 'retryInspect';

// --- to a Runner ------------------------------------------------------------------------------

export type RunnerPortMessage =
  | { readonly type: 'slot.obtained'; readonly slot: Slot }
  | { readonly type: 'slot.refused'; readonly error: PortError }
  | { readonly type: 'claim.granted'; readonly claim: Claim }
  | { readonly type: 'claim.refused'; readonly error: PortError }
  | { readonly type: 'launch.succeeded'; readonly handle: RunnerHandle; readonly at: number; readonly wallAt: number }
  | { readonly type: 'launch.failed'; readonly error: PortError }
  | { readonly type: 'process.exited'; readonly exit: ObservedExit }
  | { readonly type: 'process.vanished'; readonly reason: string }
  | { readonly type: 'engine.fellSilent'; readonly reason: string }
  | { readonly type: 'engine.answered' }
  | { readonly type: 'stop.finished'; readonly exit: ObservedExit | null; readonly survivors: readonly string[] }
  | { readonly type: 'stop.failed'; readonly error: PortError }
  | { readonly type: 'inspection.alive'; readonly handle: RunnerHandle; readonly at: number }
  | { readonly type: 'inspection.exited'; readonly exit: ObservedExit }
  | { readonly type: 'inspection.vanished'; readonly reason: string }
  | { readonly type: 'inspection.neverStarted' }
  | { readonly type: 'inspection.failed'; readonly error: PortError }
  /** It has spoken before, and was silent for half of the time-out; then, again and again, for all of it. */
  | { readonly type: 'heartbeat.missed' }
  | { readonly type: 'heartbeat.lapsed'; readonly silentMs: number; readonly wallAt: number }
  | { readonly type: 'heartbeat.resumed' }
  /** No sign of work: for a third of what is borne, then for all of it. */
  | { readonly type: 'work.stalling'; readonly idleMs: number; readonly limitMs: number }
  | { readonly type: 'work.stalled'; readonly idleMs: number; readonly wallAt: number }
  /** It said that it is done, and runs on. */
  | { readonly type: 'completion.overdue'; readonly wallAt: number }
  | { readonly type: 'settle.recorded'; readonly report: SettleReport }
  | { readonly type: 'settle.failed'; readonly error: PortError }
  | { readonly type: 'slot.released' };

export type RunnerMessage =
  | RunnerPortMessage
  /** A person cancelled the task. */
  | { readonly type: 'runner.cancel'; readonly reason: string; readonly wallAt: number }
  /** The dispatcher shuts down: stop, return the task, use up no attempt. */
  | { readonly type: 'runner.interrupt'; readonly reason: string; readonly wallAt: number }
  /** No more grace. */
  | { readonly type: 'runner.force' }
  | { readonly type: 'deadline.reached'; readonly name: DeadlineName; readonly wallAt: number };

// --- to an AgentPool --------------------------------------------------------------------------

export type PoolMessage =
  | { readonly type: 'runner.assign'; readonly task: ReadyTask; readonly runnerId: RunnerId }
  | { readonly type: 'runner.adopt'; readonly adoption: Adoption }
  | { readonly type: 'task.cancel'; readonly runnerId: RunnerId; readonly reason: string; readonly wallAt: number }
  | { readonly type: 'pool.enable'; readonly actor: string }
  | { readonly type: 'pool.disable'; readonly actor: string; readonly reason: string }
  | { readonly type: 'pool.drain'; readonly actor: string }
  | { readonly type: 'pool.resize'; readonly actor: string; readonly maxConcurrency: number }
  /** Stop every runner (shutdown); `force`: without grace. */
  | { readonly type: 'pool.interrupt'; readonly reason: string; readonly wallAt: number }
  | { readonly type: 'pool.force' }
  | {
      readonly type: 'runner.launched';
      readonly runnerId: RunnerId;
      readonly adopted: boolean;
      /** When its run-time limit is reached; rides along, to save a message at each start. */
      readonly limitAt: number;
    }
  | { readonly type: 'runner.launchFailed'; readonly runnerId: RunnerId; readonly error: PortError }
  /** It was told to leave its engine's other side alone. `until`: ms since the epoch. */
  | { readonly type: 'runner.throttled'; readonly runnerId: RunnerId; readonly until: number; readonly reason: string }
  /** The configuration says otherwise now; what runs keeps the terms it began with. */
  | { readonly type: 'pool.configure'; readonly settings: PoolSettings; readonly timeoutMs: number; readonly stopGraceMs: number }
  | { readonly type: 'deadline.set'; readonly runnerId: RunnerId; readonly name: DeadlineName; readonly at: number }
  | { readonly type: 'deadline.clear'; readonly runnerId: RunnerId; readonly name: DeadlineName }
  | { readonly type: 'deadlines.due' }
  | { readonly type: 'event.record'; readonly event: EventDraft }
  | { readonly type: 'registry.failed'; readonly error: PortError }
  | { readonly type: 'engine.healthy' }
  | { readonly type: 'engine.unhealthy'; readonly error: PortError };

// --- to the Dispatcher ------------------------------------------------------------------------

export type DispatcherMessage =
  | { readonly type: 'recovery.finished'; readonly adoptions: readonly Adoption[]; readonly throttles: readonly Throttle[] }
  | { readonly type: 'recovery.failed'; readonly error: PortError }
  | { readonly type: 'tasks.changed'; readonly ready: readonly ReadyTask[]; readonly gone: readonly TaskKey[] }
  | { readonly type: 'monitor.caughtUp'; readonly token: number }
  | ({ readonly type: 'runner.settled'; readonly pool: PoolName } & RunnerSettled)
  /** The pool takes nothing just now: the reservation goes back, the task to the queue. */
  | { readonly type: 'runner.declined'; readonly runnerId: RunnerId; readonly task: ReadyTask }
  | {
      readonly type: 'pool.changed';
      readonly pool: PoolName;
      readonly state: string;
      readonly accepting: boolean;
      readonly actor: string;
      readonly reason: string;
    }
  | { readonly type: 'pool.resized'; readonly pool: PoolName; readonly maxConcurrency: number; readonly actor: string }
  /** `until`: ms since the epoch. It is stored already. */
  | ({ readonly type: 'pool.throttled' } & Throttle)
  /** A pause is over: by time, or (`by` a person) before it. */
  | { readonly type: 'throttle.over'; readonly pool: PoolName; readonly by: string }
  | ({ readonly type: 'configuration.changed' } & NewConfiguration)
  | { readonly type: 'event.record'; readonly event: EventDraft }
  | { readonly type: 'recorder.flushed' }
  | { readonly type: 'registry.failed'; readonly error: PortError }
  | { readonly type: 'registry.changed' }
  | { readonly type: 'backoff.elapsed' }
  | { readonly type: 'shutdown.request'; readonly reason: string }
  | { readonly type: 'shutdown.timedOut' }
  /** Start nothing more, wait for what runs, however long, then end. */
  | { readonly type: 'drain.request'; readonly actor: string }
  | { readonly type: 'task.cancel'; readonly key: TaskKey; readonly reason: string }
  | { readonly type: 'pool.order'; readonly pool: PoolName; readonly order: PoolOrder };

/** A pool, and all that share its account, must not be used before `until` (ms since the epoch). */
export interface Throttle {
  readonly pool: PoolName;
  readonly until: number;
  readonly reason: string;
}

/** What a reload of the configuration brings; launchers of new pools are open already. */
export interface NewConfiguration {
  readonly settings: DispatcherSettings;
  /** All that are configured now; those that are not any more are retired once they are empty. */
  readonly pools: readonly PoolSettings[];
  readonly actor: string;
  /** For the event: what is different. */
  readonly changes: Readonly<Record<string, unknown>>;
}

/** What a person may ask of a pool. */
export type PoolOrder = Extract<
  PoolMessage,
  { readonly type: 'pool.enable' | 'pool.disable' | 'pool.drain' | 'pool.resize' }
>;

// --- to the TaskMonitor, the DeadlockMonitor and the EventRecorder -------------------------------------------------

export type MonitorMessage =
  | { readonly type: 'registry.changed' }
  | { readonly type: 'monitor.configure'; readonly pollIntervalMs: number }
  /** Look once more, then say `monitor.caughtUp` with this token. */
  | { readonly type: 'monitor.check'; readonly token: number }
  | { readonly type: 'changes.fetched'; readonly batch: ChangeBatch }
  | { readonly type: 'changes.failed'; readonly error: PortError };

export type DeadlockMonitorMessage =
  | { readonly type: 'stuck.surveyed'; readonly report: StuckReport }
  | { readonly type: 'stuck.failed'; readonly error: PortError };

export type RecorderMessage =
  | { readonly type: 'event.record'; readonly event: EventDraft }
  /** Say `recorder.flushed` once nothing is waiting in memory. */
  | { readonly type: 'recorder.flush' }
  | { readonly type: 'events.recorded' }
  | { readonly type: 'events.refused'; readonly error: PortError }
  | { readonly type: 'journal.appended' }
  | { readonly type: 'journal.failed'; readonly error: PortError };

