import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
  type BigIntStats,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { err, ok, type Result } from '../domain/result.ts';

/** Somebody else may write all the time; then we come back later. */
const MAX_TRIES = 8;

const BIG = { bigint: true } as const;

const same = (a: BigIntStats, b: BigIntStats): boolean =>
  a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;

const temporaryName = (path: string, pid: number | string): string => join(dirname(path), `.${basename(path)}.sync-${pid}`);

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/** Removes what processes left that were killed between writing and renaming. */
export const removeLeftovers = (file: string): void => {
  try {
    const path = realpathSync(file);
    const prefix = basename(temporaryName(path, ''));
    for (const name of readdirSync(dirname(path))) {
      const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN;
      if (Number.isInteger(pid) && pid > 0 && !isAlive(pid)) rmSync(join(dirname(path), name), { force: true });
    }
  } catch {
    // Whoever may not look into the folder cannot have left anything there.
  }
};

/** Mode and owner of the file it will replace; the owner as far as we may. */
const writeLike = (path: string, bytes: Uint8Array, like: BigIntStats): void => {
  rmSync(path, { force: true });
  const handle = openSync(path, 'wx', 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
    const own = fstatSync(handle, BIG);
    if (own.uid !== like.uid || own.gid !== like.gid) fchownSync(handle, Number(like.uid), Number(like.gid));
    fchmodSync(handle, Number(like.mode & 0o7777n));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
};

/** From its first byte, wherever it was read before. */
const contentOf = (handle: number): Uint8Array => {
  const chunks: Uint8Array[] = [];
  for (let at = 0; ; ) {
    const chunk = new Uint8Array(1 << 20);
    const read = readSync(handle, chunk, 0, chunk.length, at);
    if (read === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, read));
    at += read;
  }
};

const SETTLE_MS = 20;
const MAX_SETTLING = 25;

const pause = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** The content once whoever writes has not written for a moment. */
const settledContent = (handle: number): Uint8Array => {
  let before = fstatSync(handle, BIG);
  for (let n = 0; n < MAX_SETTLING; n += 1) {
    pause(SETTLE_MS);
    const now = fstatSync(handle, BIG);
    if (now.size > 0n && now.mtimeNs === before.mtimeNs && now.size === before.size) break;
    before = now;
  }
  return contentOf(handle);
};

type Attempt = 'replaced' | 'unchanged' | 'again' | { readonly problem: string };

/** One try; the open file tells whether somebody wrote into it while it was replaced. */
const attempt = (path: string, temporary: string, edit: (bytes: Uint8Array) => Result<Uint8Array, string>): Attempt => {
  const handle = openSync(path, 'r');
  try {
    const before = fstatSync(handle, BIG);
    const bytes = contentOf(handle);
    const edited = edit(bytes);
    if (!edited.ok) return { problem: edited.error };
    if (edited.value === bytes) return 'unchanged';
    writeLike(temporary, edited.value, before);
    if (!same(before, statSync(path, BIG))) return 'again';
    renameSync(temporary, path);
    const after = fstatSync(handle, BIG);
    if (after.size === before.size && after.mtimeNs === before.mtimeNs) return 'replaced';
    // In the moment before the rename somebody wrote into what is gone now: what they wrote counts.
    const theirs = settledContent(handle);
    const again = edit(theirs);
    writeLike(temporary, again.ok ? again.value : theirs, after);
    renameSync(temporary, path);
    return 'replaced';
  } finally {
    closeSync(handle);
  }
};

/**
 * Changes a file that a person may be editing: reads it, and puts another in its place in one step,
 * unless it was changed since it was read; then once more from the start. A symbolic link stays one.
 *
 * @param edit the same bytes when there is nothing to change; an error leaves the file as it is
 * @returns an error, one clause, when it could not be done; it may be tried again later
 */
export const replaceFile = (file: string, edit: (bytes: Uint8Array) => Result<Uint8Array, string>): Result<null, string> => {
  let temporary: string | null = null;
  try {
    const path = realpathSync(file);
    temporary = temporaryName(path, process.pid);
    for (let n = 0; n < MAX_TRIES; n += 1) {
      const end = attempt(path, temporary, edit);
      if (typeof end === 'object') return err(end.problem);
      if (end !== 'again') return ok(null);
    }
    return err('is being written all the time');
  } catch (error) {
    return err(`cannot be written (${error instanceof Error && 'code' in error ? String(error.code) : String(error)})`);
  } finally {
    if (temporary !== null) rmSync(temporary, { force: true });
  }
};
