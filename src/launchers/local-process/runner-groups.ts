import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runnerId, shortRegistryId, type RegistryId, type RunnerId } from '../../domain/ids.ts';
import type { ExitCause } from '../../domain/outcome.ts';
import type { GroupPlace, GroupPlaces } from './control-groups.ts';

/** Cores and MB; `null`: no limit. */
export interface RunnerLimits {
  readonly cpu: number | null;
  readonly memory: number | null;
}

const MB = 2 ** 20;
/** µs. The kernel's own default, and the least share of it that it takes. */
const PERIOD_US = 100_000;
const LEAST_QUOTA_US = 1_000;

const read = (folder: string, file: string): string | null => {
  try {
    return readFileSync(join(folder, file), 'utf8').trim();
  } catch {
    return null;
  }
};

const write = (folder: string, file: string, text: string): void => writeFileSync(join(folder, file), text);
/** What some kernels and machines do not have (swap, killing as one). */
const writeIfThere = (folder: string, file: string, text: string): void => {
  if (existsSync(join(folder, file))) write(folder, file, text);
};

const limitMemory = (folder: string, version: 1 | 2, mb: number): void => {
  const bytes = String(Math.max(1, Math.round(mb * MB)));
  if (version === 2) {
    write(folder, 'memory.max', bytes);
    writeIfThere(folder, 'memory.swap.max', '0');
    writeIfThere(folder, 'memory.oom.group', '1');
    return;
  }
  // The sum with swap may not be less at any time: it is raised last, and lowered first, which a new group never needs.
  write(folder, 'memory.limit_in_bytes', bytes);
  writeIfThere(folder, 'memory.memsw.limit_in_bytes', bytes);
};

const limitCpu = (folder: string, version: 1 | 2, cores: number): void => {
  const quota = Math.max(LEAST_QUOTA_US, Math.round(cores * PERIOD_US));
  if (version === 2) return write(folder, 'cpu.max', `${quota} ${PERIOD_US}`);
  write(folder, 'cpu.cfs_period_us', String(PERIOD_US));
  write(folder, 'cpu.cfs_quota_us', String(quota));
};

/** Bytes as the kernel writes them; `null` for none. */
const memoryLimitOf = (folder: string): number | null => {
  const bytes = Number(read(folder, 'memory.max') ?? read(folder, 'memory.limit_in_bytes') ?? Number.NaN);
  return Number.isFinite(bytes) ? Math.round(bytes / MB) : null;
};

const membersOf = (folder: string): readonly number[] =>
  (read(folder, 'cgroup.procs') ?? '').split('\n').map(Number).filter((pid) => pid > 1);

/**
 * A control group for each limited runner of this registry, named after it, so that the next dispatcher finds
 * it again. All that a runner starts is in it, whatever it does to leave its tree.
 */
export class RunnerGroups {
  readonly #places: GroupPlaces;
  readonly #prefix: string;
  readonly #known = new Set<RunnerId>();

  constructor(places: GroupPlaces, registry: RegistryId) {
    this.#places = places;
    this.#prefix = `dispatcher-${shortRegistryId(registry)}.`;
    for (const folder of this.#folders()) {
      for (const name of readdirSync(folder)) {
        if (name.startsWith(this.#prefix)) this.#known.add(runnerId(name.slice(this.#prefix.length)));
      }
    }
  }

  /** Removes those of runners that nobody will ask for again: their dispatcher was killed after it had stored how they ended. */
  sweep(isAskedFor: (id: RunnerId) => boolean): void {
    for (const id of [...this.#known]) if (!isAskedFor(id) && this.membersOf(id).length === 0) this.remove(id);
  }

  /**
   * Makes what is needed for these limits; those without a place for them are left out.
   *
   * @returns the folders that the runner has to join
   * @throws what node:fs does
   */
  make(id: RunnerId, { cpu, memory }: RunnerLimits): readonly string[] {
    const folders = new Set<string>();
    const made = (place: GroupPlace): string => {
      const folder = join(place.folder, `${this.#prefix}${id}`);
      if (place.version === 2) writeFileSync(join(place.folder, 'cgroup.subtree_control'), '+memory +cpu');
      // There already: an earlier try of the same start.
      if (!existsSync(folder)) mkdirSync(folder);
      this.#known.add(id);
      folders.add(folder);
      return folder;
    };
    const { memory: forMemory, cpu: forCpu } = this.#places;
    if (memory !== null && forMemory !== null) limitMemory(made(forMemory), forMemory.version, memory);
    if (cpu !== null && forCpu !== null) limitCpu(made(forCpu), forCpu.version, cpu);
    return [...folders];
  }

  /** pids of all that are in the runner's group; empty where it has none. */
  membersOf(id: RunnerId): readonly number[] {
    return this.#known.has(id) ? this.#of(id).flatMap(membersOf) : [];
  }

  /** Kills all that are in the runner's group, where the kernel does that in one step: nobody can fork out of it. */
  kill(id: RunnerId): void {
    for (const folder of this.#known.has(id) ? this.#of(id) : []) {
      try {
        if (existsSync(join(folder, 'cgroup.kill'))) write(folder, 'cgroup.kill', '1');
      } catch {
        // Gone meanwhile, or not ours: they are killed one by one as well.
      }
    }
  }

  /** Whether the kernel killed something of it because its memory was used up. */
  causeOf(id: RunnerId): ExitCause | null {
    if (!this.#known.has(id)) return null;
    for (const folder of this.#of(id)) {
      const counts = read(folder, 'memory.events') ?? read(folder, 'memory.oom_control');
      if (counts === null || Number(/^oom_kill (\d+)$/m.exec(counts)?.[1] ?? 0) === 0) continue;
      return { kind: 'outOfMemory', limitMb: memoryLimitOf(folder) };
    }
    return null;
  }

  /** One that somebody is in stays, for the next dispatcher to look at. */
  remove(id: RunnerId): void {
    if (!this.#known.delete(id)) return;
    for (const folder of this.#of(id)) {
      try {
        rmdirSync(folder);
      } catch {
        // Busy, or gone.
      }
    }
  }

  #folders(): readonly string[] {
    const folders = [this.#places.memory, this.#places.cpu].flatMap((place) => (place === null ? [] : [place.folder]));
    return [...new Set(folders)].filter((folder) => existsSync(folder));
  }

  #of(id: RunnerId): readonly string[] {
    return this.#folders().map((folder) => join(folder, `${this.#prefix}${id}`)).filter((folder) => existsSync(folder));
  }
}
