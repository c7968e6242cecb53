import type { TaskKey } from './ids.ts';
import type { RootCause } from './deadlocks.ts';

/** Names asked for where people only want an idea; the same everywhere, so that an answer serves all who ask. */
export const FEW_NAMES = 10;

/** Tasks that something holds up. */
export interface HeldUp {
  readonly count: number;
  /** False: at least so many. */
  readonly isExact: boolean;
  /** The nearest, as many as were asked for. */
  readonly first: readonly TaskKey[];
}

/** What keeps blocked tasks blocked for good, as the registry knows it: of pools it knows nothing. */
export interface DependencyDeadlock {
  readonly kind: 'cycle' | RootCause;
  /** A cycle, each waiting for the next, the first at both ends; else what failed, was cancelled or does not exist. */
  readonly path: readonly [TaskKey, ...TaskKey[]];
  readonly heldUp: HeldUp;
}

/** Tasks that have not begun and ask for the same: if no pool can take one, none can take any. */
export interface WaitingShape {
  readonly requiredSkill: string | null;
  /** Cores and MB as the tasks ask for them; `null`: the pool's default. */
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly heldUp: HeldUp;
}

/** What the registry knows of tasks that cannot go on. */
export interface StuckReport {
  readonly deadlocks: readonly DependencyDeadlock[];
  /** Blocked tasks that something of it holds up, each counted once. */
  readonly stuck: number;
  /** Of all that have not begun. */
  readonly shapes: readonly WaitingShape[];
}

/** A finding of the deadlock analysis (R13), for people and programs. */
export interface Deadlock {
  readonly kind: DependencyDeadlock['kind'] | 'unplaceable' | 'no_pool_for_skill' | 'pools_disabled';
  /** Tells it from all others, also at the next look. */
  readonly name: string;
  /** As in {@link DependencyDeadlock}; empty where no task is the cause. */
  readonly path: readonly TaskKey[];
  readonly heldUp: HeldUp;
  /** One line: what, and why. */
  readonly text: string;
  /** Commands that resolve it, one of them is enough. */
  readonly mends: readonly string[];
}
