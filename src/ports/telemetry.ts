import type { FailureKind } from '../domain/failures.ts';
import type { Deadlock } from '../domain/deadlock.ts';
import type { PoolName, RunnerId, TaskKey } from '../domain/ids.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { TaskState } from '../domain/task.ts';

/** What a person watching would want to see at once. Durations in ms. */
export type Notice =
  | { readonly type: 'dispatcherRunning'; readonly adopted: number }
  | {
      readonly type: 'runnerStarted';
      readonly task: TaskKey;
      readonly runnerId: RunnerId;
      readonly pool: PoolName;
      readonly attempt: number;
      readonly adopted: boolean;
      /** From when it could have started to when it did; `null` where an earlier dispatcher started it. */
      readonly waitedMs: number | null;
    }
  | {
      readonly type: 'launchFailed';
      readonly pool: PoolName;
      readonly task: TaskKey | null;
      readonly runnerId: RunnerId;
      readonly kind: FailureKind;
      readonly message: string;
    }
  | {
      readonly type: 'runnerSettled';
      readonly task: TaskKey;
      readonly runnerId: RunnerId;
      readonly pool: PoolName;
      readonly attempt: number | null;
      /** How the attempt ended; `null` when it never was claimed. */
      readonly outcome: Outcome['kind'] | null;
      /** The task's state now; `null` when it never was claimed. */
      readonly taskState: TaskState | null;
      readonly reason: string | null;
      readonly durationMs: number | null;
      /** Until the next attempt; `null` when there is none, or at once. */
      readonly retryInMs: number | null;
    }
  | { readonly type: 'taskUnplaceable'; readonly task: TaskKey; readonly reason: string }
  /** `standing`: how many there are now, this one included. */
  | { readonly type: 'deadlockDetected'; readonly deadlock: Deadlock; readonly standing: number }
  | { readonly type: 'deadlockResolved'; readonly deadlock: Deadlock; readonly standing: number }
  | { readonly type: 'poolChanged'; readonly pool: PoolName; readonly state: string; readonly reason: string }
  /** The configuration was read again. */
  | { readonly type: 'reloaded'; readonly message: string }
  | { readonly type: 'draining'; readonly runners: number }
  | { readonly type: 'shutdownWaiting'; readonly runners: number; readonly timeoutMs: number }
  | { readonly type: 'shutdownStopping'; readonly runners: number; readonly graceMs: number }
  /** Something takes its time before a runner can start, and is at work. */
  | { readonly type: 'preparing'; readonly message: string; readonly task: TaskKey; readonly pool: PoolName }
  | { readonly type: 'trouble'; readonly message: string; readonly task: TaskKey | null; readonly pool: PoolName | null };

/**
 * What the dispatcher says while it works. It must not throw and must not block; nothing depends on
 * whether anybody listens.
 */
export interface Telemetry {
  tell(notice: Notice): void;
}
