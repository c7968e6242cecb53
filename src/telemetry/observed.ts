import type { PoolName } from '../domain/ids.ts';
import type { TaskState } from '../domain/task.ts';
import type { Tally } from './tally.ts';

/** A pool at the moment it is looked at. CPU in cores, memory in MB; a quota of `null` is none. */
export interface ObservedPool {
  readonly name: PoolName;
  readonly type: string;
  readonly state: string;
  readonly running: number;
  readonly maxConcurrency: number;
  readonly cpu: { readonly reserved: number; readonly quota: number | null };
  readonly memory: { readonly reserved: number; readonly quota: number | null };
}

/** Everything that metrics are made of. Each is asked at a scrape and at no other time. */
export interface Observed {
  readonly version: string;
  readonly tally: Tally;
  /** `null`: the registry does not answer. */
  readonly tasks: () => Promise<Readonly<Record<TaskState, number>> | null>;
  /** The number of the latest event, which is how many were ever recorded; `null`: not known. */
  readonly events: () => Promise<number | null>;
  readonly eventsFellBack: () => number;
  readonly pools: () => readonly ObservedPool[];
  /** Waiting for capacity, and for the end of a back-off. */
  readonly queue: () => { readonly waiting: number; readonly delayed: number };
  readonly phase: () => 'starting' | 'running' | 'ending';
}
