import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { ok } from '../domain/result.ts';
import type { SlotChanges } from '../ports/slot-changes.ts';

/** Entries looked at in one look: some ms of other threads' time. */
const MOST_ENTRIES = 256;
const DEEPEST = 3;

const changedAt = async (path: string): Promise<{ readonly at: number; readonly isFolder: boolean } | null> => {
  try {
    const { mtimeMs, ctimeMs, isDirectory } = await lstat(path).then((found) => ({
      mtimeMs: found.mtimeMs,
      ctimeMs: found.ctimeMs,
      isDirectory: found.isDirectory(),
    }));
    return { at: Math.max(mtimeMs, ctimeMs), isFolder: isDirectory };
  } catch {
    // Gone while we looked: its folder has changed, which is seen the next time.
    return null;
  }
};

/** Breadth first, so that what lies near the top is seen whatever lies below. */
const newestIn = async (root: string): Promise<number | null> => {
  const first = await changedAt(root);
  if (first === null) return null;
  let newest = first.at;
  let seen = 0;
  let level = [root];
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth += 1) {
    const next: string[] = [];
    for (const folder of level) {
      const entries = await opendir(folder).catch(() => null);
      if (entries === null) continue;
      for await (const { name } of entries) {
        seen += 1;
        if (seen > MOST_ENTRIES) return newest;
        const path = join(folder, name);
        const found = await changedAt(path);
        if (found === null) continue;
        newest = Math.max(newest, found.at);
        if (found.isFolder) next.push(path);
      }
    }
    level = next;
  }
  return newest;
};

/** Looks at folders of this machine. */
export const folderChanges = (): SlotChanges => ({
  newest: (path, reply) => {
    newestIn(path).then(
      (at) => reply(ok(at)),
      () => reply(ok(null)),
    );
  },
});
