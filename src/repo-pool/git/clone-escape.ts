import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** What is read where a clone is fetched from; hooks and the like are not. */
const READ = new Set(['HEAD', 'commondir', 'config', 'info', 'objects', 'packed-refs', 'refs', 'shallow']);
/** Files by which a git directory says that part of it is elsewhere. */
const ELSEWHERE = new Set(['commondir', 'objects/info/alternates', 'objects/info/http-alternates']);

/**
 * The first thing by which a git directory that a runner may have written reaches out of itself: a link,
 * or a file that names another place for its objects. Reading it would read there. `null`: nothing does.
 */
export const escapeOf = async (gitDir: string): Promise<string | null> => {
  const pending = [''];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of await readdir(join(gitDir, folder), { withFileTypes: true })) {
      if (folder === '' && !READ.has(entry.name)) continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) pending.push(path);
      else if (!entry.isFile() || ELSEWHERE.has(path)) return path;
    }
  }
  return null;
};
