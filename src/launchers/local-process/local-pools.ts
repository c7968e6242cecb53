import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Confinement, RunUser } from '../../domain/engine-settings.ts';
import { portError, type PortError } from '../../domain/failures.ts';
import { err, type Result } from '../../domain/result.ts';
import type { PoolSettings } from '../../domain/settings.ts';
import { bubblewrapTrouble } from './bubblewrap.ts';
import { ownGroupPlaces, type GroupPlaces } from './control-groups.ts';
import { letUsersPass, type DispatcherPlaces } from './user-access.ts';

type ConfinedPool = Pick<PoolSettings, 'name'> & { readonly confinement: Confinement };

const confinedPools = (pools: readonly PoolSettings[]): readonly ConfinedPool[] =>
  pools.flatMap(({ name, engine }): readonly ConfinedPool[] =>
    engine.type === 'local-process' && engine.confinement !== undefined ? [{ name, confinement: engine.confinement }] : [],
  );

/** Why the sandbox of a pool cannot be made here, in one line; `null`: it can, or there is none. */
const sandboxTrouble = ({ name, confinement: { sandbox, user } }: ConfinedPool): string | null => {
  if (sandbox === null) return null;
  const missing = [...sandbox.writable, ...sandbox.readOnly].find((path) => !existsSync(path));
  if (missing !== undefined) return `pool ${name}: sandbox names ${missing}, which is not there; make it, or take it out`;
  const trouble = bubblewrapTrouble(sandbox, user);
  return trouble === null ? null : `pool ${name}: sandbox: ${trouble}`;
};

/** What keeps pools from running as they are configured here, a line each. Makes sandboxes to find out, and changes nothing. */
export const localPoolTroubles = (pools: readonly PoolSettings[]): readonly string[] =>
  confinedPools(pools).flatMap((pool) => sandboxTrouble(pool) ?? []);

/** What of the limits of pools does not apply on this machine, a line each. */
export const localPoolNotices = (pools: readonly PoolSettings[], places: GroupPlaces = ownGroupPlaces()): readonly string[] =>
  confinedPools(pools).flatMap(({ name, confinement: { limits } }) => {
    if (limits === null) return [];
    const why = 'cgroups are not writable';
    return [
      ...(places.memory !== null ? [] : [`pool ${name}: memory_limit holds for each process alone, not for a runner's together: ${why}`]),
      ...(places.cpu !== null ? [] : [`pool ${name}: cpu_limit is not enforced here: ${why}`]),
    ];
  });

/** Files of the registry that lie outside the state directory, where a sandbox would show them. */
export const registryFiles = ({ registryPath, stateDir }: Pick<DispatcherPlaces, 'registryPath' | 'stateDir'>): readonly string[] => {
  const folder = dirname(registryPath);
  if (folder === stateDir || folder.startsWith(`${stateDir}/`)) return [];
  return readdirSync(folder).filter((name) => name.startsWith(basename(registryPath))).map((name) => join(folder, name));
};

/**
 * Makes ready what pools with users and sandboxes need before anything runs there.
 *
 * @returns `permanent`, one line with the mend, where this machine cannot do it; nothing runs less confined than configured
 */
export const readyLocalPools = (pools: readonly PoolSettings[], places: DispatcherPlaces): Result<null, PortError> => {
  const [trouble] = localPoolTroubles(pools.filter(({ enabled }) => enabled));
  if (trouble !== undefined) return err(portError('permanent', trouble));
  const users = confinedPools(pools).flatMap(({ name, confinement: { user } }): readonly (readonly [string, RunUser])[] =>
    user === null ? [] : [[name, user]],
  );
  return letUsersPass(new Map(users), places);
};
