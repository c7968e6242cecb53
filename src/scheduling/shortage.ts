import type { PoolName, TaskKey } from '../domain/ids.ts';

/**
 * What keeps a task from a pool just now. The names are the reason codes people see. `used`: given out at
 * present; `needed`: what the task asks for. CPU in cores, memory in MB.
 */
export type Shortage =
  | { readonly code: 'global_concurrency' | 'slots' | 'spec_concurrency'; readonly limit: number; readonly used: number }
  | { readonly code: 'concurrency_key'; readonly key: string; readonly limit: number; readonly used: number }
  | PoolShortage;

export type PoolShortage =
  /** Kept for a larger task before it, which waits for enough to be free there. */
  | { readonly code: 'reserved_for'; readonly pool: PoolName; readonly task: TaskKey }
  | { readonly code: 'pool_not_accepting'; readonly pool: PoolName; readonly state: string; readonly reason: string | null }
  /** `until`: ms since the epoch; `by`: the pool that was told so, `account`: what that shares with this one. */
  | {
      readonly code: 'pool_throttled';
      readonly pool: PoolName;
      readonly account: string | null;
      readonly by: PoolName;
      readonly until: number;
      readonly reason: string;
    }
  | { readonly code: 'pool_concurrency'; readonly pool: PoolName; readonly limit: number; readonly used: number }
  | {
      readonly code: 'pool_cpu' | 'pool_memory';
      readonly pool: PoolName;
      readonly limit: number;
      readonly used: number;
      readonly needed: number;
    };
