import { lstat } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { RunUser } from '../../domain/engine-settings.ts';

const run = promisify(execFile);

/**
 * Gives a slot with all in it to a user, and nobody else any right to its folder. Links are given, not followed.
 * By chown(1), which goes from folder to folder by descriptors: nothing that moves meanwhile leads it astray.
 *
 * @throws what node:fs and node:child_process do
 */
export const giveSlot = async (path: string, { uid, gid }: RunUser): Promise<void> => {
  const { uid: owner, gid: group } = await lstat(path);
  if (owner === uid && group === gid) return;
  await run('chown', ['-R', '-h', '-P', '--', `${uid}:${gid}`, path], { env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' } });
};
