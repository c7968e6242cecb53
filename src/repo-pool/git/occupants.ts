import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { SharedRun } from './shared-run.ts';

/** Processes read in one go: one or two ms of the event loop. */
const CHUNK = 200;

/** A process that was found in a slot. */
export interface Occupant {
  readonly pid: number;
  /** Its program's name, for people. */
  readonly name: string;
}

const attempt = <T>(read: () => T): T | null => {
  try {
    return read();
  } catch {
    // Gone meanwhile, or another user's.
    return null;
  }
};

const giveWay = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

const nameOf = (pid: string): string => attempt(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim()) ?? 'unknown';

const slotInEnvironment = (pid: string): string | null => {
  const environment = attempt(() => readFileSync(`/proc/${pid}/environ`, 'utf8'));
  return environment === null ? null : (/(?:^|\0)SLOT_PATH=([^\0]*)/.exec(environment)?.[1] ?? null);
};

/**
 * Which slots have a process in them, by the kernel's word (proc(5)): one whose working directory is
 * there or below and, in a deep look, one that was started for the slot and works elsewhere, such as
 * a git of a dispatcher that was killed.
 */
export class Occupants {
  readonly #baseDir: string;
  // Who asks while a look goes on shares the one after it, for theirs may have passed already.
  readonly #shallow = new SharedRun(() => this.#scan(false));
  readonly #deep = new SharedRun(() => this.#scan(true));
  /** Pids that are in no folder we can see (zombies, the kernel's, other users'), as long as every look finds them there. */
  #nowhere: ReadonlySet<string> = new Set();

  /** @param baseDir without links in it, as the kernel tells paths */
  constructor(baseDir: string) {
    this.#baseDir = baseDir;
  }

  /** By the name of the slot. */
  look(deep: boolean): Promise<ReadonlyMap<string, Occupant>> {
    return (deep ? this.#deep : this.#shallow).ask();
  }

  async #scan(deep: boolean): Promise<ReadonlyMap<string, Occupant>> {
    const found = new Map<string, Occupant>();
    const nowhere = new Set<string>();
    const own = String(process.pid);
    const pids = (attempt(() => readdirSync('/proc')) ?? []).filter((name) => /^\d+$/.test(name) && name !== own);
    for (const [i, pid] of pids.entries()) {
      if (i > 0 && i % CHUNK === 0) await giveWay();
      // A failed look costs as much as two good ones, and there may be many.
      const cwd = this.#nowhere.has(pid) ? null : attempt(() => readlinkSync(`/proc/${pid}/cwd`));
      if (cwd === null) {
        nowhere.add(pid);
        continue;
      }
      const slot = this.#slotAt(cwd) ?? (deep ? this.#slotAt(slotInEnvironment(pid) ?? '') : null);
      if (slot !== null && !found.has(slot)) found.set(slot, { pid: Number(pid), name: nameOf(pid) });
    }
    this.#nowhere = nowhere;
    return found;
  }

  #slotAt(path: string): string | null {
    if (!path.startsWith(`${this.#baseDir}/`)) return null;
    return path.slice(this.#baseDir.length + 1).split(/[/ ]/, 1)[0] ?? null;
  }
}
