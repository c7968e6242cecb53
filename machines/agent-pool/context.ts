import type { ActorRefFrom } from 'xstate';
import type { RunnerId } from '../../src/domain/ids.ts';
import type { PoolSettings } from '../../src/domain/settings.ts';
import type { ReadyTask } from '../../src/domain/task.ts';
import type { runnerMachine } from '../runner/machine.ts';
import type { RunnerTerms } from '../runner/context.ts';
import { DeadlineTable } from './deadline-table.ts';

export type RunnerLogic = typeof runnerMachine;
export type RunnerRef = ActorRefFrom<RunnerLogic>;

/**
 * The pool's runners and their deadlines: actors with the pool as parent, kept in a map of its own,
 * because XState copies `snapshot.children` on every spawn. Owned by the pool, changed in its plain
 * actions only.
 */
export class RunnerTable {
  readonly refs = new Map<RunnerId, RunnerRef>();
  readonly deadlines = new DeadlineTable();
  /** Monotonic ms for which the pool's one timer is set; `null`: none is. */
  armedFor: number | null = null;
}

export interface PoolInput {
  readonly settings: PoolSettings;
  readonly terms: RunnerTerms;
  /** The runner's statechart with real port actors in it. */
  readonly runnerLogic: RunnerLogic;
}

export interface PoolContext {
  readonly settings: PoolSettings;
  readonly terms: RunnerTerms;
  readonly runnerLogic: RunnerLogic;
  readonly table: RunnerTable;
  /** Transient launch failures in a row, over all runners. */
  readonly launchFailures: number;
  /** Health checks in a row that the engine did not pass. */
  readonly sicknesses: number;
  /** The last failure's text, for the reason of a trip. */
  readonly lastFailure: string;
}

export const poolContext = (input: PoolInput): PoolContext => ({
  ...input,
  table: new RunnerTable(),
  launchFailures: 0,
  sicknesses: 0,
  lastFailure: '',
});

/** A retry waits from the end of its back-off on. */
export const waitedMs = ({ readyAt, notBefore }: ReadyTask, wall: number): number =>
  Math.max(0, wall - Math.max(readyAt, notBefore ?? 0));
