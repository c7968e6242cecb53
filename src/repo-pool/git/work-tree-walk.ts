import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { makeRemovable } from '../removable.ts';
import { below, bytePath, osPath, textPath, type BytePath } from './byte-path.ts';
import type { WorkTreeState } from './work-tree-state.ts';

/** Folders read in one go: about 2 ms of the event loop. */
const CHUNK = 100;

/** What the files of a work tree have beyond what is tracked. */
export interface Leftovers {
  /** Topmost untracked files and folders: ignored ones, empty folders and what is no file at all, too. */
  readonly extras: readonly BytePath[];
  /** Tracked folders, and places of submodules, that are repositories themselves. */
  readonly repositories: readonly BytePath[];
}

type Tracked = Pick<WorkTreeState, 'files' | 'folders' | 'gitlinks'>;

const giveWay = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/**
 * Compares the files below `root` with the index. One walk tells what `git clean` would not: it leaves
 * pipes, sockets and the `.git` of a repository that was made in a tracked folder. Throws as the file
 * system does.
 */
export const leftoversOf = async (root: string, { files, folders, gitlinks }: Tracked): Promise<Leftovers> => {
  const extras: BytePath[] = [];
  const repositories: BytePath[] = [];
  const pending: BytePath[] = [''];
  for (let count = 1; ; count += 1) {
    const folder = pending.pop();
    if (folder === undefined) return { extras, repositories };
    if (count % CHUNK === 0) await giveWay();
    const link = gitlinks.has(folder);
    for (const entry of readdirSync(osPath(below(bytePath(root), folder)), { withFileTypes: true, encoding: 'buffer' })) {
      const name = entry.name.toString('latin1');
      const path = below(folder, name);
      if (name === '.git') {
        if (folder === '') continue;
        repositories.push(folder);
      }
      if (!link && entry.isDirectory() && (folders.has(path) || gitlinks.has(path))) pending.push(path);
      else if (link || entry.isDirectory() || !files.has(path)) extras.push(path);
    }
  }
};

/** Removes files and folders below `root`, links themselves and not what they point to. Throws as the file system does. */
export const removeBelow = async (root: string, paths: readonly BytePath[]): Promise<void> => {
  for (const path of paths) {
    const absolute = below(bytePath(root), path);
    try {
      await rm(osPath(absolute), { recursive: true, force: true });
    } catch {
      // A folder without write permission, for one: ours to change, as long as we own it.
      await makeRemovable(textPath(absolute));
      await rm(osPath(absolute), { recursive: true, force: true });
    }
  }
};
