import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** Longest context that is served, in bytes: no more than a whole task set. */
const LONGEST = 64 * 1024 * 1024;

/**
 * A file of a run directory as text; `null` where there is none. The folder is the runner's to write to: a
 * link, a pipe or a device in place of the file is not followed, opened for long, or read.
 */
export const readRunFile = async (path: string): Promise<string | null> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => null);
  if (file === null) return null;
  try {
    const stat = await file.stat();
    return stat.isFile() && stat.size <= LONGEST ? await file.readFile('utf8') : null;
  } finally {
    await file.close();
  }
};
