import { lstatSync, readdirSync } from 'node:fs';
import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { portError, type PortError } from '../domain/failures.ts';
import { slotId, type RunnerId, type SlotId } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { RepoPool, Slot, SlotRequest } from '../ports/repo-pool.ts';
import type { Reply } from '../ports/reply.ts';
import { makeRemovable } from './removable.ts';

export interface DirectoryPoolOptions {
  /** Absolute; made on first use, with a folder `slot-<n>` for each slot. */
  readonly baseDir: string;
  readonly slots: number;
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : 'unknown');

/** The common case, in two system calls without a thread: nothing was left, so there is nothing to do. */
const isEmptyFolder = (path: string): boolean => {
  try {
    return lstatSync(path).isDirectory() && readdirSync(path).length === 0;
  } catch {
    return false;
  }
};

/** Removes a folder's contents. Links are removed, not followed: what they point to stays. */
const empty = async (path: string): Promise<void> => {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (!(await lstat(path)).isDirectory()) {
    // Something else took its place; `mkdir` is content with a link to a folder.
    await rm(path, { force: true });
    await mkdir(path, { mode: 0o700 });
    return;
  }
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
  readonly size: number;
  readonly #baseDir: string;
  readonly #held = new Map<SlotId, RunnerId>();

  constructor({ baseDir, slots }: DirectoryPoolOptions) {
    this.size = slots;
    this.#baseDir = baseDir;
  }

  obtain({ runnerId }: SlotRequest, reply: Reply<Slot>): void {
    const mine = this.#heldBy(runnerId);
    if (mine !== null) {
      const message = `${runnerId} holds ${mine} already; release it before asking for another`;
      return this.#later(reply, err(portError('invalid', message)));
    }
    const free = this.#lowestFree();
    if (free === null) {
      const message = `all ${this.size} slots are held (repo_pool.slots sets how many there are)`;
      return this.#later(reply, err(portError('unavailable', message)));
    }
    // Held at once: preparing takes time, and nobody else may get it meanwhile.
    this.#held.set(free, runnerId);
    void this.#prepare(free, runnerId).then(reply);
  }

  #heldBy(runnerId: RunnerId): SlotId | null {
    for (const [id, holder] of this.#held) if (holder === runnerId) return id;
    return null;
  }

  #lowestFree(): SlotId | null {
    for (let number = 1; number <= this.size; number += 1) {
      const id = slotId(`slot-${number}`);
      if (!this.#held.has(id)) return id;
    }
    return null;
  }

  async #prepare(id: SlotId, holder: RunnerId): Promise<Result<Slot, PortError>> {
    const slot = this.#slot(id);
    if (isEmptyFolder(slot.path)) return ok(slot);
    try {
      await empty(slot.path);
      return ok(slot);
    } catch (error) {
      if (this.#held.get(id) === holder) this.#held.delete(id);
      return err(portError('transient', `cannot empty slot ${slot.path}: ${reasonOf(error)}`));
    }
  }

  reclaim(id: SlotId, holder: RunnerId, reply: Reply<Slot>): void {
    const present = this.#held.get(id);
    if (present !== undefined && present !== holder) {
      return this.#later(reply, err(portError('invalid', `slot ${id} is held by ${present}, not by ${holder}`)));
    }
    // Also one beyond the present size, after `slots` was made smaller: its runner lives.
    if (!/^slot-[1-9]\d{0,8}$/.test(id)) {
      return this.#later(reply, err(portError('invalid', `"${id}" is no slot of ${this.#baseDir}: expected slot-<n>`)));
    }
    this.#held.set(id, holder);
    this.#later(reply, ok(this.#slot(id)));
  }

  release(id: SlotId, holder: RunnerId, reply: Reply<null>): void {
    if (this.#held.get(id) === holder) this.#held.delete(id);
    this.#later(reply, ok(null));
  }

  held(): ReadonlyMap<SlotId, RunnerId> {
    return new Map(this.#held);
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
  if (!Number.isInteger(options.slots) || options.slots < 1) {
    throw new RangeError(`slots must be 1 or more: ${options.slots}`);
  }
  return new DirectoryPool(options);
};
