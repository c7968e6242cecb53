import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Configuration } from '../../config/configuration.ts';
import { doubtful, fine, ill, reasonOf, type Diagnosis } from './diagnosis.ts';

const MB = 2 ** 20;
/** Free space below which nothing works for long, and below which one should know; MB. */
const SPACE = { least: 50, comfortable: 1024 } as const;

const nearestFolder = (path: string): string => {
  let folder = path;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
};

const problemOf = (path: string): string | null => {
  const folder = nearestFolder(path);
  try {
    if (!statSync(folder).isDirectory()) return `${folder} is not a folder`;
    accessSync(folder, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return `${folder} cannot be written (${reasonOf(error)})`;
  }
};

const writable = (check: string, path: string, key: string): Diagnosis => {
  const problem = problemOf(path);
  if (problem !== null) return ill(check, problem, `give yourself the right to write there, or name another folder in ${key}`);
  return fine(check, existsSync(path) ? path : `${path} (will be made)`);
};

/** Run directories, logs and the admin token: whoever reads them knows everything, whoever writes them may run code. */
export const stateDir = ({ stateDir: path }: Configuration): readonly Diagnosis[] => {
  const found = writable('state_dir', path, 'state_dir');
  if (found.status !== 'ok' || !existsSync(path)) return [found];
  const { mode, uid } = statSync(path);
  const own = process.getuid?.();
  if (own !== undefined && uid !== own && own !== 0) {
    return [found, doubtful('state_dir', `${path} belongs to another user (${uid})`, 'run the dispatcher as that user')];
  }
  // Group and others: read is for the curious, write is for those who want to be you.
  if ((mode & 0o022) !== 0) return [ill('state_dir', `others may write in ${path}`, `chmod go-w ${JSON.stringify(path)}`)];
  if ((mode & 0o044) !== 0) return [doubtful('state_dir', `others may read ${path}`, `chmod 700 ${JSON.stringify(path)}`)];
  return [found];
};

export const adminToken = ({ stateDir: folder }: Configuration): readonly Diagnosis[] => {
  const path = join(folder, 'admin-token');
  if (!existsSync(path)) return [];
  if ((statSync(path).mode & 0o077) === 0) return [fine('admin token', 'for its owner alone')];
  return [ill('admin token', `others may read ${path}`, `remove it (a new one is made), or chmod 600 ${JSON.stringify(path)}`)];
};

const usualSlotsDir = (): string =>
  join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'dispatcher');

export const slots = ({ repoPool }: Configuration): Diagnosis => {
  const found = writable('slots', repoPool.baseDir ?? usualSlotsDir(), 'repo_pool.base_dir');
  return found.status === 'ok' ? fine('slots', `${repoPool.slots} of type ${repoPool.type} in ${found.text}`) : found;
};

/** Free space where logs and slots go. */
export const diskSpace = ({ stateDir: state, repoPool }: Configuration): readonly Diagnosis[] => {
  const folders = new Set([state, repoPool.baseDir ?? usualSlotsDir()].map(nearestFolder));
  return [...folders].map((folder) => {
    try {
      const { bavail, bsize } = statfsSync(folder);
      const free = Math.floor((bavail * bsize) / MB);
      const text = `${free} MB free in ${folder}`;
      if (free < SPACE.least) return ill('disk', text, 'free some space');
      return free < SPACE.comfortable ? doubtful('disk', text, 'free some space before long') : fine('disk', text);
    } catch (error) {
      return doubtful('disk', `the free space of ${folder} is not known (${reasonOf(error)})`, 'look with df');
    }
  });
};
