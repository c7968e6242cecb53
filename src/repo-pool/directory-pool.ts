import { lstatSync, readdirSync } from 'node:fs';
import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { portError, type PortError } from '../domain/failures.ts';
import type { RunnerId, SlotId } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { RepoPool, Slot, SlotRequest } from '../ports/repo-pool.ts';
import type { Reply } from '../ports/reply.ts';
import { isOwn, ownFolderAgain } from './own-again.ts';
import { makeRemovable } from './removable.ts';
import { SlotLedger } from './slot-ledger.ts';

export interface DirectoryPoolOptions {
  /** Absolute; made on first use, with a folder `slot-<n>` for each slot. */
  readonly baseDir: string;
  readonly slots: number;
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : 'unknown');

/** The common case, in two system calls without a thread: nothing was left, so there is nothing to do. */
const isEmptyFolder = (path: string): boolean => {
  try {
    const stat = lstatSync(path);
    return stat.isDirectory() && isOwn(stat) && readdirSync(path).length === 0;
  } catch {
    return false;
  }
};

/** Removes a folder's contents. Links are removed, not followed: what they point to stays. */
const empty = async (path: string): Promise<void> => {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const stat = await lstat(path);
  if (!stat.isDirectory()) {
    // Something else took its place; `mkdir` is content with a link to a folder.
    await rm(path, { force: true });
    await mkdir(path, { mode: 0o700 });
    return;
  }
  if (!isOwn(stat)) await ownFolderAgain(path);
  const removeAll = async (): Promise<void> => {
    for (const name of await readdir(path)) await rm(join(path, name), { recursive: true, force: true });
  };
  try {
    await removeAll();
  } catch {
    // A folder without write permission, for one: ours to change, as long as we own it.
    await makeRemovable(path);
    await removeAll();
  }
};

/**
 * Slots that are plain folders. They are emptied when they are lent, so that what a runner left can
 * be looked at until then.
 */
class DirectoryPool implements RepoPool {
  readonly #baseDir: string;
  readonly #ledger: SlotLedger;

  constructor({ baseDir, slots }: DirectoryPoolOptions) {
    this.#ledger = new SlotLedger(slots);
    this.#baseDir = baseDir;
  }

  get size(): number {
    return this.#ledger.size;
  }

  obtain({ runnerId }: SlotRequest, reply: Reply<Slot>): void {
    // Held at once: preparing takes time, and nobody else may get it meanwhile.
    const taken = this.#ledger.take(runnerId);
    if (!taken.ok) return this.#later(reply, taken);
    void this.#prepare(taken.value, runnerId).then(reply);
  }

  async #prepare(id: SlotId, holder: RunnerId): Promise<Result<Slot, PortError>> {
    const slot = this.#slot(id);
    if (isEmptyFolder(slot.path)) return ok(slot);
    try {
      await empty(slot.path);
      return ok(slot);
    } catch (error) {
      this.#ledger.drop(id, holder);
      return err(portError('transient', `cannot empty slot ${slot.path}: ${reasonOf(error)}`));
    }
  }

  reclaim(id: SlotId, holder: RunnerId, reply: Reply<Slot>): void {
    const reclaimed = this.#ledger.reclaim(id, holder, this.#baseDir);
    this.#later(reply, reclaimed.ok ? ok(this.#slot(id)) : reclaimed);
  }

  /** What a runner left can be looked at until its slot is lent again. */
  tidy(reply: Reply<null>): void {
    this.#later(reply, ok(null));
  }

  release(id: SlotId, holder: RunnerId, reply: Reply<null>): void {
    this.#ledger.drop(id, holder);
    this.#later(reply, ok(null));
  }

  held(): ReadonlyMap<SlotId, RunnerId> {
    return this.#ledger.held();
  }

  #slot(id: SlotId): Slot {
    return { id, path: join(this.#baseDir, id), branch: null };
  }

  #later<T>(reply: Reply<T>, result: Result<T, PortError>): void {
    setImmediate(() => reply(result));
  }
}

/**
 * Makes a pool of folders `slot-1` … `slot-<slots>`; touches nothing yet.
 *
 * @throws RangeError for a relative folder or less than one slot: configuration has checked both
 */
export const createDirectoryPool = (options: DirectoryPoolOptions): RepoPool => {
  if (!isAbsolute(options.baseDir)) throw new RangeError(`baseDir must be absolute: ${options.baseDir}`);
  return new DirectoryPool(options);
};
