import type { PortError } from '../../domain/failures.ts';
import type { SlotId } from '../../domain/ids.ts';
import type { Result } from '../../domain/result.ts';
import type { Lending } from './lending.ts';
import type { AttemptName } from './ref-names.ts';

/** A slot and where it lies: absolute, without links. */
export interface Place {
  readonly id: SlotId;
  readonly path: string;
}

export interface CheckedOut {
  readonly branch: string;
  /** Commit that it begins at. */
  readonly base: string;
}

/** One kind of workspace. Nothing of it is called for a slot that a process is in. Besides returning errors it may throw what node:fs does. */
export interface Workspaces {
  /**
   * Saves everything that the slot holds and makes it as new, whatever state it is in. On failure
   * nothing was removed that is not saved.
   *
   * @param lending whose work it is; `null` when that is not known
   */
  takeBack(place: Place, lending: Lending | null): Promise<Result<null, PortError>>;
  /**
   * Makes the attempt's branch from the base and checks it out in a slot that was taken back.
   *
   * @param isolated whether the runner may reach nothing of the repository through it
   */
  checkOut(place: Place, name: AttemptName, isolated: boolean): Promise<Result<CheckedOut, PortError>>;
  /** Removes a slot that is no longer configured. False when it holds work, and was left. */
  discard(place: Place, lending: Lending | null): Promise<Result<boolean, PortError>>;
}
