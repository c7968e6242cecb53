import type { PoolName, TaskKey } from '../domain/ids.ts';
import type { ExitReport, ProcessHandle } from '../ports/launcher.ts';

/** One process on the simulated machine. */
export interface SimulatedProcess {
  readonly handle: ProcessHandle;
  readonly task: TaskKey;
  readonly pool: PoolName;
  readonly attempt: number;
  readonly ignoresTerm: boolean;
  readonly startedAt: number;
  /** It does nothing at all, and never ends by itself. */
  readonly stalls: boolean;
  /** It speaks the runner protocol. */
  speaks: boolean;
  /** Its report was answered. */
  reported: boolean;
  /** Until then (monotonic ms) it is as if it were stopped by a debugger. */
  frozenUntil: number;
  exit: ExitReport | null;
  /** Nobody will ever learn how it ended. */
  lost: boolean;
  /** Told of the end, in the order of asking. */
  readonly watchers: Set<() => void>;
}
