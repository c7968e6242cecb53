import type { RunnerId, SlotId, TaskKey } from '../domain/ids.ts';
import type { Reply } from './reply.ts';

/** A workspace lent to one runner. `path` is absolute. */
export interface Slot {
  readonly id: SlotId;
  readonly path: string;
  /** Branch made for the attempt, for pools of git workspaces. */
  readonly branch: string | null;
}

export interface SlotRequest {
  readonly runnerId: RunnerId;
  readonly task: TaskKey;
  /** Number that the attempt will have if it is claimed; a branch is named after it. */
  readonly attempt: number;
  /** For a runner in a container: nothing in its workspace may lead to the repository's own git directory. */
  readonly isolated?: boolean;
}

/**
 * Lends workspaces. A slot is held by one runner id at a time; who holds what lives in memory only
 * and is rebuilt on start through {@link RepoPool.reclaim}.
 */
export interface RepoPool {
  /** Slots in all. */
  readonly size: number;
  /** Lends a clean slot. Fails with `unavailable` when none is free, `transient` when preparing it failed. */
  obtain(request: SlotRequest, reply: Reply<Slot>): void;
  /** Says that a runner found alive holds this slot. Fails with `invalid` when another one does. */
  reclaim(slot: SlotId, holder: RunnerId, reply: Reply<Slot>): void;
  /**
   * Sees to the slots that an earlier dispatcher lent and did not take back, once those that are still held
   * are reclaimed: what they hold is saved, and they are clean. One that cannot be is told of and left as it is.
   */
  tidy(reply: Reply<null>): void;
  /**
   * Takes a slot back, once its runner is proven dead; what it holds is saved before the reply. Fails with
   * `transient` when that cannot be: then it is held by nobody, out of use, and nothing in it was removed.
   * Doing it twice, or for a slot held by another, changes nothing.
   */
  release(slot: SlotId, holder: RunnerId, reply: Reply<null>): void;
  /** Who holds what, for people and for tests. */
  held(): ReadonlyMap<SlotId, RunnerId>;
}
