import { closeSync, fstatSync, futimesSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Holder } from '../ports/task-registry.ts';

// The lock database is never opened by anything but SQLite: closing any other descriptor of it would
// drop this process's POSIX lock (https://sqlite.org/howtocorrupt.html, 2.2). So who holds it is
// written beside it.
const holderFile = (path: string): string => `${path}.holder.json`;

/** How often a dispatcher says that it lives, ms: some times in the shortest silence that anybody acts on. */
const BEAT_MS = 2_000;

const holderSchema = z.object({
  pid: z.number().int().positive(),
  startTime: z.string(),
  bootId: z.string(),
  host: z.string(),
  since: z.number(),
  beats: z.boolean().default(false),
});

/** Who says to hold the registry, with the last sign of life. */
export interface NamedHolder extends Holder {
  /** Whether it gives signs of life; one that never did cannot be told from a hung one. */
  readonly beats: boolean;
  /** Another one with every sign of life, and with every holder. */
  readonly sign: string;
}

/** `null` when nobody is named, or nobody can read it. */
export const readHolder = (path: string): NamedHolder | null => {
  let file: number | null = null;
  try {
    file = openSync(holderFile(path), 'r');
    const { ino, mtimeNs } = fstatSync(file, { bigint: true });
    return { ...holderSchema.parse(JSON.parse(readFileSync(file, 'utf8'))), sign: `${ino} ${mtimeNs}` };
  } catch {
    return null;
  } finally {
    if (file !== null) closeSync(file);
  }
};

/**
 * Names the holder and, if it beats, touches the file from this thread's event loop for as long as that
 * turns: only the time stamp, which takes no space on a full disk. Returns how to stop and to take the
 * name away. Throws what the file system throws.
 */
export const writeHolder = (path: string, holder: Holder, beats: boolean): (() => void) => {
  const draft = `${holderFile(path)}.${holder.pid}`;
  const file = openSync(draft, 'w');
  let timer: NodeJS.Timeout | null = null;
  try {
    writeFileSync(file, `${JSON.stringify({ ...holder, beats })}\n`);
    renameSync(draft, holderFile(path));
  } catch (error) {
    closeSync(file);
    throw error;
  }
  const beat = (): void => {
    try {
      const now = new Date();
      futimesSync(file, now, now);
    } catch {
      // A disk on which not even this can be done is nobody's reason to end here.
    }
  };
  if (beats) timer = setInterval(beat, BEAT_MS).unref();
  return () => {
    if (timer !== null) clearInterval(timer);
    try {
      // Where the lock was got around, the name may be another's by now.
      const isOurs = statSync(holderFile(path)).ino === fstatSync(file).ino;
      if (isOurs) rmSync(holderFile(path), { force: true });
    } catch {
      // Gone already.
    }
    closeSync(file);
  };
};
