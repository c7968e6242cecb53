import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { portError, type PortError } from '../domain/failures.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { Holder } from '../ports/task-registry.ts';
import { faultOf } from './sqlite/faults.ts';

/** Why a registry could not be opened; with `heldBy` if another process has it. */
export type OpenError = PortError & { readonly heldBy?: Holder };

/** Of who has the registry for itself. Freed by the kernel when the process dies, however it dies. */
export interface RegistryLock {
  release(): void;
}

const holderSchema = z.object({
  pid: z.number().int().positive(),
  startTime: z.string(),
  bootId: z.string(),
  host: z.string(),
  since: z.number(),
});

/** How long the side file of a new holder may be behind its lock; ms. */
const SIDE_FILE_GRACE_MS = 250;
const RETRY_MS = 20;

// The lock database is never opened by anything but SQLite: closing any other descriptor of it would
// drop this process's POSIX lock (https://sqlite.org/howtocorrupt.html, 2.2). So who holds it is
// written beside it.
const lockFile = (path: string): string => `${path}.lock`;
const holderFile = (path: string): string => `${path}.holder.json`;

const readHolder = (path: string): Holder | null => {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(holderFile(path), 'utf8')));
  } catch {
    return null;
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

const heldError = (path: string, holder: Holder | null): OpenError => {
  if (holder === null) return portError('unavailable', `registry ${path} is in use by another process; stop it first`);
  const who = `process ${holder.pid} on ${holder.host} since ${new Date(holder.since).toISOString()}`;
  const message = `registry ${path} is in use by ${who}; stop it, or go through its API`;
  return { ...portError('unavailable', message), heldBy: holder };
};

/** The lock, `null` when another has it. */
const tryLock = (path: string): Result<DatabaseSync | null, PortError> => {
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

const holding = (path: string, db: DatabaseSync, holder: Holder): Result<RegistryLock, PortError> => {
  try {
    const draft = `${holderFile(path)}.${holder.pid}`;
    writeFileSync(draft, `${JSON.stringify(holder)}\n`);
    renameSync(draft, holderFile(path));
  } catch (thrown) {
    db.close();
    return err(faultOf(thrown, holderFile(path)).error);
  }
  return ok({
    release: () => {
      if (!db.isOpen) return;
      rmSync(holderFile(path), { force: true });
      db.close();
    },
  });
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/**
 * Takes the registry for this process alone; `unavailable`, naming the holder, when another has it.
 *
 * @param path absolute path of the registry; its folder exists
 * @param waitMs how long to wait for another holder to end
 */
export const takeLock = async (
  path: string,
  holder: Holder,
  waitMs: number,
): Promise<Result<RegistryLock, OpenError>> => {
  const begun = performance.now();
  for (;;) {
    const taken = tryLock(path);
    if (!taken.ok) return taken;
    if (taken.value !== null) return holding(path, taken.value, holder);
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
