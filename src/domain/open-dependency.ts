import type { TaskKey } from './ids.ts';
import type { TaskState } from './task.ts';

/** A dependency that is not satisfied. */
export interface OpenDependency {
  readonly key: TaskKey;
  readonly state: TaskState | 'missing';
  /** `null`: it still may be. Else the way from it to what stands in the way, that included. */
  readonly never: {
    readonly path: readonly TaskKey[];
    /** `cycle`: the last of the path waits for itself. */
    readonly cause: 'failed' | 'cancelled' | 'missing' | 'cycle';
  } | null;
}
