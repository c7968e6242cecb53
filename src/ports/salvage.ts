import type { PortError } from '../domain/failures.ts';
import type { Result } from '../domain/result.ts';

/** Work that a slot held when it was taken back, and that was on no branch of its attempt. */
export interface SalvagedWork {
  readonly spec: string;
  readonly id: string;
  readonly attempt: number;
  /** `refs/salvage/…`. */
  readonly ref: string;
  readonly commit: string;
  /** When the attempt got its slot, ms since the epoch. */
  readonly at: number;
  readonly slot: string;
  /** Branch of the attempt; `null` when none had been made. */
  readonly branch: string | null;
}

/** What was kept of lost work, for people to look through. Only reads, besides what it is asked to write. */
export interface Salvage {
  /** All of it, by task and attempt, siblings of one attempt in the order in which they were kept. */
  list(): Promise<Result<readonly SalvagedWork[], PortError>>;
  /** Makes a branch at the work. `invalid` when the name is none or is taken; `force` moves it unless it is checked out. */
  toBranch(work: SalvagedWork, name: string, force: boolean): Promise<Result<null, PortError>>;
  /** Writes the files into a folder, made if need be. `invalid` when it is not empty; `force` overwrites, and removes nothing. */
  toFolder(work: SalvagedWork, folder: string, force: boolean): Promise<Result<null, PortError>>;
  /** Paths that differ from what the work stands on, as git writes them. */
  changes(work: SalvagedWork): Promise<Result<readonly string[], PortError>>;
}
