import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Activity } from '../../ports/launcher.ts';
import type { ProcessEntry, ProcessTable } from '../../ports/process-table.ts';
import type { ProcessName } from './process-tree.ts';

interface Families {
  readonly byPid: ReadonlyMap<number, ProcessEntry>;
  /** Children by parent, and members by the number of their session. */
  readonly children: ReadonlyMap<number, readonly ProcessEntry[]>;
  readonly sessions: ReadonlyMap<number, readonly ProcessEntry[]>;
}

const grouped = (entries: readonly ProcessEntry[], numberOf: (entry: ProcessEntry) => number): Families['children'] => {
  const groups = new Map<number, ProcessEntry[]>();
  for (const entry of entries) {
    const group = groups.get(numberOf(entry));
    if (group === undefined) groups.set(numberOf(entry), [entry]);
    else group.push(entry);
  }
  return groups;
};

const familiesOf = (entries: readonly ProcessEntry[]): Families => ({
  byPid: new Map(entries.map((entry) => [entry.pid, entry])),
  children: grouped(entries, ({ ppid }) => ppid),
  sessions: grouped(entries, ({ session }) => session),
});

/**
 * By session and descent alone: reading every environment would find those that left both, at a hundred
 * times the cost.
 */
const cpuMsOf = ({ byPid, children, sessions }: Families, leader: ProcessName): number => {
  if (byPid.get(leader.pid)?.startTime !== leader.startTime) return 0;
  const seen = new Set<number>();
  const queue = [...(sessions.get(leader.pid) ?? [])];
  let cpuMs = 0;
  for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
    if (seen.has(entry.pid)) continue;
    seen.add(entry.pid);
    cpuMs += entry.cpuMs;
    queue.push(...(children.get(entry.pid) ?? []));
  }
  return cpuMs;
};

const outputBytes = async (runDir: string): Promise<number> => {
  try {
    return (await lstat(join(runDir, 'output.log'))).size;
  } catch {
    // A runner that has said nothing may have no log.
    return 0;
  }
};

/** What shows that runners work. Who asks at the same time shares one look at the process table. */
export class ActivityLook {
  readonly #processes: ProcessTable;
  #look: Promise<Families> | null = null;

  constructor(processes: ProcessTable) {
    this.#processes = processes;
  }

  async of(leader: ProcessName, runDir: string): Promise<Result<Activity, PortError>> {
    this.#look ??= this.#processes
      .scan()
      .then(familiesOf)
      .finally(() => (this.#look = null));
    try {
      const families = await this.#look;
      return ok({ outputBytes: await outputBytes(runDir), cpuMs: cpuMsOf(families, leader) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown';
      return err(portError('transient', `local-process: the processes cannot be looked at: ${reason}`));
    }
  }
}
