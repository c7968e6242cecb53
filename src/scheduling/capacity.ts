import type { PoolName, TaskKey } from '../domain/ids.ts';
import type { ReadyTask } from '../domain/task.ts';
import type { Size } from './fit-tree.ts';

/** What the queue asks of those who keep the counts. */
export interface Capacity {
  /** Pools that may run tasks of this skill. */
  readonly candidates: (skill: string | null) => readonly PoolName[];
  /** What a task takes in this pool. */
  readonly needIn: (task: ReadyTask, pool: PoolName) => Size;
  /** What is free there; `null`: it takes nothing more just now. */
  readonly roomIn: (pool: PoolName) => Size | null;
  /** The first limit of its set or key that keeps this task from starting anywhere; `null`: none does. */
  readonly closedGate: (task: ReadyTask) => string | null;
  /** For whom the pool is kept: nothing behind that one starts there. */
  readonly holderOf: (pool: PoolName) => TaskKey | undefined;
  /** Where the task's set stands among the others, lower first; the same for all where sets do not compete. */
  readonly rankOf: (task: ReadyTask) => number;
}
