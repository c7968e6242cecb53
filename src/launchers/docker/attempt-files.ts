import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { chmod, chown, copyFile, lstat, mkdir, rm, rmdir, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { portError, type PortError } from '../../domain/failures.ts';
import { shortRegistryId, type RegistryId, type RunnerId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { LaunchIntent } from '../../ports/launcher.ts';
import type { FileOwner } from './container-user.ts';

/** What of the run directory a container sees; its log lies beside, where it cannot be changed from inside. */
export const sharedDir = (runDir: string): string => join(runDir, 'shared');

const run = promisify(execFile);

const TMPFS_MAGIC = 0x01021994;
const MEMORY_FOLDER = '/dev/shm';

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const secretsRoot = (registry: RegistryId): string =>
  join(MEMORY_FOLDER, `dispatcher-${shortRegistryId(registry)}-${String(process.getuid?.() ?? 0)}`);

/** Where secrets of a runner are while it lives: in memory where the system has such a folder. */
export const secretsDir = async (registry: RegistryId, runnerId: RunnerId, runDir: string): Promise<string> => {
  const memory = await statfs(MEMORY_FOLDER).then(({ type }) => type === TMPFS_MAGIC, () => false);
  // Beside others' of this machine: full name and a folder of our own, so that nobody lies in wait.
  return memory ? join(secretsRoot(registry), runnerId) : join(runDir, 'secrets');
};

const give = async (path: string, owner: FileOwner | null): Promise<void> => {
  if (owner !== null) await chown(path, owner.uid, owner.gid);
};

/** With all that is in it; links themselves, and not what they lead to. */
const giveAll = async (path: string, owner: FileOwner | null): Promise<void> => {
  if (owner === null) return;
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };
  await run('chown', ['-R', '-h', '-P', '--', `${owner.uid}:${owner.gid}`, path], { env });
};

/** A folder of ours, not one that somebody else made in a place where everybody may. */
const ownFolder = async (path: string): Promise<void> => {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const stat = await lstat(path);
  if (!stat.isDirectory() || stat.uid !== process.getuid?.()) throw new Error(`${path} is not a folder of this user`);
};

/** Makes the run directory and puts `context.json` where the container sees it. */
export const makeRunDir = async (intent: LaunchIntent, owner: FileOwner | null): Promise<Result<null, PortError>> => {
  const shared = sharedDir(intent.runDir);
  try {
    await mkdir(intent.runDir, { recursive: true, mode: 0o700 });
    // Of a start that failed: nothing runs there now.
    await rm(shared, { recursive: true, force: true });
    await mkdir(shared, { mode: 0o700 });
    const context = join(shared, 'context.json');
    await writeFile(context, intent.context, { mode: 0o600, flag: 'wx' });
    await give(context, owner);
    await give(shared, owner);
    await giveAll(intent.cwd, owner);
    return ok(null);
  } catch (error) {
    return err(portError('transient', `cannot prepare the run directory ${intent.runDir}: ${reasonOf(error)}`));
  }
};

/** Copies secrets to where the container reads them; they are not in its environment, its labels or its image. */
export const writeSecrets = async (
  secrets: Readonly<Record<string, string>>,
  folder: string,
  owner: FileOwner | null,
): Promise<Result<null, PortError>> => {
  try {
    await ownFolder(join(folder, '..'));
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    return err(portError('transient', `cannot prepare secrets: ${reasonOf(error)}`));
  }
  for (const [name, path] of Object.entries(secrets)) {
    const copy = join(folder, name);
    try {
      await copyFile(path, copy, constants.COPYFILE_EXCL);
      await chmod(copy, 0o400);
      await give(copy, owner);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      const code = error instanceof Error && 'code' in error ? String(error.code) : reasonOf(error);
      return err(portError('permanent', `secret ${name} cannot be read from ${path} (${code}); put the file there, or change the pool's config.secrets`));
    }
  }
  await give(folder, owner);
  return ok(null);
};

/** The folder around those of all runners, once none is left; at the end, when nobody makes one any more. */
export const removeSecretsRoot = (registry: RegistryId): Promise<void> => rmdir(secretsRoot(registry)).catch(() => undefined);

export const removeSecrets = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });
