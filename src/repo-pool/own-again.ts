import { execFile } from 'node:child_process';
import type { Stats } from 'node:fs';
import { chmod, lchown, lstat } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

const OWN_UID = process.getuid?.() ?? 0;
const OWN_GID = process.getgid?.() ?? 0;

/** The sticky bit, which means nothing on a folder of one user: what is below may still be another's. */
const UNFINISHED = 0o1000;

/** Whether a slot is in our hands, and not in those of a user that a runner was started as: which root alone can do. */
export const isOwn = ({ uid, mode }: Pick<Stats, 'uid' | 'mode'>): boolean =>
  OWN_UID !== 0 || (uid === OWN_UID && (mode & UNFINISHED) === 0);

/** Takes a slot's folder back; nobody of that user's gets in from then on. It is the folder around that keeps it from being swapped. */
export const ownFolderAgain = async (path: string, mode = 0o700): Promise<void> => {
  await lchown(path, OWN_UID, OWN_GID);
  await chmod(path, mode);
};

/**
 * Takes a slot that was given to a runner's user back into our hands, with all in it, before anything there is read
 * or run. Links are taken, not followed: chown(1) goes by descriptors.
 *
 * @throws what node:fs and node:child_process do
 */
export const ownAgain = async (path: string): Promise<void> => {
  const there = await lstat(path).catch(() => null);
  if (there === null || !there.isDirectory() || isOwn(there)) return;
  await ownFolderAgain(path, UNFINISHED | 0o700);
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };
  await run('chown', ['-R', '-h', '-P', '--', `${OWN_UID}:${OWN_GID}`, path], { env });
  await chmod(path, 0o700);
};
