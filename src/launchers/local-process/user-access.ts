import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { RunUser } from '../../domain/engine-settings.ts';
import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';

/** Absolute places that belong to a dispatcher. */
export interface DispatcherPlaces {
  readonly stateDir: string;
  readonly slotsDir: string;
  /** File of the registry; others beside it begin with its name. */
  readonly registryPath: string;
}

const PASS = { owner: 0o100, group: 0o010, others: 0o001 } as const;

const mayPass = (folder: string, { uid, gid, groups }: RunUser): boolean => {
  const stat = statSync(folder);
  if (stat.uid === uid) return (stat.mode & PASS.owner) !== 0;
  if (stat.gid === gid || groups.includes(stat.gid)) return (stat.mode & PASS.group) !== 0;
  return (stat.mode & PASS.others) !== 0;
};

/** All folders from the root to this one, as far as they are there. */
const wayTo = (path: string): readonly string[] => {
  const above = dirname(path);
  const here = statSync(path, { throwIfNoEntry: false }) === undefined ? [] : [path];
  return above === path ? here : [...wayTo(above), ...here];
};

/** The first folder on the way, the last one included, that the user may not pass through; `null`: the way is free. */
export const closedOn = (path: string, user: RunUser): string | null =>
  wayTo(path).find((folder) => !mayPass(folder, user)) ?? null;

/** In one line, with the mend. `key`: of the configuration. */
export const closedWay = (pool: string, user: RunUser, key: string, path: string, closed: string): string =>
  `pool ${pool}: user ${user.name} cannot get to ${path}, for ${closed} is closed to others; ` +
  `name another folder in ${key}, or: chmod o+x ${JSON.stringify(closed)}`;

/** To be passed through by all, and read by nobody else: who does not know a name there finds none. */
const open = (folder: string): void => {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const { mode } = lstatSync(folder);
  if ((mode & PASS.others) === 0) chmodSync(folder, (mode & 0o7777) | PASS.group | PASS.others);
};

/** Tasks, results and the lock: whoever reads the file may hold the lock against us. */
const closeRegistry = (path: string): void => {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (name.startsWith(basename(path)) && lstatSync(file).isFile()) chmodSync(file, 0o600);
  }
};

/** Pools of other users, by name. */
export type UserPools = ReadonlyMap<string, RunUser>;

/**
 * Lets other users reach their run folders and slots, and nothing else of the dispatcher's. Run folders and slots
 * are each their user's own; only the folders around them are opened, to be passed through.
 *
 * @returns `permanent`, one line with the mend, where a folder that is not ours is in the way
 */
export const letUsersPass = (pools: UserPools, { stateDir, slotsDir, registryPath }: DispatcherPlaces): Result<null, PortError> => {
  if (pools.size === 0) return ok(null);
  const runs = join(stateDir, 'runs');
  try {
    closeRegistry(registryPath);
    for (const folder of [stateDir, runs, slotsDir]) open(folder);
    for (const [pool, user] of pools) {
      for (const [key, path] of [['state_dir', runs], ['repo_pool.base_dir', slotsDir]] as const) {
        const closed = closedOn(path, user);
        if (closed !== null) return err(portError('permanent', closedWay(pool, user, key, path, closed)));
      }
    }
    return ok(null);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(portError('permanent', `cannot let the users of pools get to their folders: ${why}`));
  }
};
