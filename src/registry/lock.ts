import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { portError, type PortError } from '../domain/failures.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { Holder } from '../ports/task-registry.ts';
import { readHolder, writeHolder } from './holder-file.ts';
import { faultOf } from './sqlite/faults.ts';

/** Why a registry could not be opened; with `heldBy` if another process has it. */
export type OpenError = PortError & { readonly heldBy?: Holder };

/** Of who has the registry for itself. Freed by the kernel when the process dies, however it dies. */
export interface RegistryLock {
  release(): void;
}

export interface LockRequest {
  /** Of the registry, absolute; its folder exists. */
  readonly path: string;
  readonly holder: Holder;
  /** Gives signs of life for as long as its event loop turns: a dispatcher, which may be replaced when it hangs. */
  readonly beats: boolean;
}

/** How long the side file of a new holder may be behind its lock; ms. */
const SIDE_FILE_GRACE_MS = 250;
const RETRY_MS = 20;

const lockFile = (path: string): string => `${path}.lock`;

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/** A holder in words. */
export const describeHolder = ({ pid, host, since }: Holder): string =>
  `process ${pid} on ${host} since ${new Date(since).toISOString()}`;

const heldError = (path: string, holder: Holder | null): OpenError => {
  if (holder === null) return portError('unavailable', `registry ${path} is in use by another process; stop it first`);
  const mend = 'stop it, go through its API, or let "start --standby" wait for its end';
  const message = `registry ${path} is in use by ${describeHolder(holder)}; ${mend}`;
  const { pid, startTime, bootId, host, since } = holder;
  return { ...portError('unavailable', message), heldBy: { pid, startTime, bootId, host, since } };
};

/** The lock database, locked; `null` when another has it. */
const lockDatabase = (path: string): Result<DatabaseSync | null, PortError> => {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(lockFile(path), { timeout: 0 });
    db.exec('BEGIN EXCLUSIVE');
    return ok(db);
  } catch (thrown) {
    if (db?.isOpen === true) db.close();
    const fault = faultOf(thrown, lockFile(path));
    return fault.busy ? ok(null) : err(fault.error);
  }
};

/** The lock, `null` when another has it. */
export const tryLock = ({ path, holder, beats }: LockRequest): Result<RegistryLock | null, PortError> => {
  const locked = lockDatabase(path);
  if (!locked.ok || locked.value === null) return locked as Result<null, PortError>;
  const db = locked.value;
  try {
    const unname = writeHolder(path, holder, beats);
    return ok({
      release: () => {
        if (!db.isOpen) return;
        unname();
        db.close();
      },
    });
  } catch (thrown) {
    db.close();
    return err(faultOf(thrown, `${path}.holder.json`).error);
  }
};

/**
 * Takes the registry for this process alone; `unavailable`, naming the holder, when another has it.
 *
 * @param waitMs how long to wait for another holder to end
 */
export const takeLock = async (request: LockRequest, waitMs: number): Promise<Result<RegistryLock, OpenError>> => {
  const { path } = request;
  const begun = performance.now();
  for (;;) {
    const taken = tryLock(request);
    if (!taken.ok) return taken;
    if (taken.value !== null) return ok(taken.value);
    const other = readHolder(path);
    const waited = performance.now() - begun;
    // A dead one's name is of the holder before: the new one is about to write its own.
    const isKnown = other !== null && isAlive(other.pid);
    if (waited >= waitMs && (isKnown || waited >= SIDE_FILE_GRACE_MS)) {
      return err(heldError(path, isKnown ? other : null));
    }
    await pause(RETRY_MS);
  }
};
