import { watch, type FSWatcher } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessTable } from '../../ports/process-table.ts';
import { Lineage } from './lineage.ts';

const SUFFIX = '.journal';

/** Where `fs.watch` stays silent (some network and container file systems), and to see a server die. */
const POLL_MS = 250;

/** Journals of other fork-servers of this registry, each read to its present end. */
export const loadLineages = async (folder: string, registryId: string): Promise<readonly Lineage[]> => {
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${registryId}.`) && name.endsWith(SUFFIX));
  const lineages = names.toSorted().map((name) => new Lineage(join(folder, name)));
  await Promise.all(lineages.map((lineage) => lineage.readOn()));
  return lineages;
};

export const newJournalPath = (folder: string, registryId: string, stamp: number, luck: string): string =>
  join(folder, `${registryId}.${stamp}-${luck}${SUFFIX}`);

/** Follows the journal of a server that another dispatcher started, until it is dead. Returns how to stop. */
export const follow = (lineage: Lineage, processes: ProcessTable): (() => void) => {
  let watcher: FSWatcher | null = null;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    clearInterval(timer);
    watcher?.close();
  };
  const look = async (): Promise<void> => {
    // In this order: a line written before it died is read after it was seen dead.
    const alive = lineage.isServerAlive(processes);
    await lineage.readOn();
    if (alive || stopped) return;
    stop();
    lineage.markDead();
  };
  const timer = setInterval(() => void look(), POLL_MS);
  try {
    watcher = watch(lineage.journalPath, () => void lineage.readOn());
    watcher.on('error', () => watcher?.close());
  } catch {
    // Out of watches: polling does it, too.
  }
  void look();
  return stop;
};
