import { chmod, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Gives the owner full rights to all folders from here down, as removing what is in them needs.
 * Never follows a link. What cannot be changed is left for the removal to complain about.
 */
export const makeRemovable = async (path: string): Promise<void> => {
  const pending = [path];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    const stat = await lstat(at).catch(() => null);
    if (stat === null || !stat.isDirectory()) continue;
    await chmod(at, 0o700).catch(() => {});
    for (const name of await readdir(at).catch(() => [])) pending.push(join(at, name));
  }
};
