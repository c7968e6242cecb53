import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** A folder of the cgroup file system in which this process may make groups. */
export interface GroupPlace {
  readonly version: 1 | 2;
  readonly folder: string;
}

/** Where groups can be made that limit memory, and where such that limit CPU; `null`: nowhere. */
export interface GroupPlaces {
  readonly memory: GroupPlace | null;
  readonly cpu: GroupPlace | null;
}

export type Controller = 'memory' | 'cpu';
const CONTROLLERS: readonly Controller[] = ['memory', 'cpu'];

/** What the kernel says of this process: `/proc/self/cgroup` and `/proc/self/mountinfo`. */
export interface OwnGroups {
  readonly membership: string;
  readonly mounts: string;
}

interface Mount {
  /** What of the hierarchy is shown there. */
  readonly root: string;
  readonly point: string;
  readonly version: 1 | 2;
  readonly options: readonly string[];
}

const mountsOf = (text: string): readonly Mount[] =>
  text.split('\n').flatMap((line): readonly Mount[] => {
    // Optional fields end with a hyphen, see proc(5).
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, point] = before.split(' ');
    const [type, , options = ''] = after.split(' ');
    if (root === undefined || point === undefined || (type !== 'cgroup' && type !== 'cgroup2')) return [];
    return [{ root, point, version: type === 'cgroup' ? 1 : 2, options: options.split(',') }];
  });

/** Lines `<hierarchy>:<controllers>:<path>`; version 2 has hierarchy 0 and names no controllers. */
const pathOf = (membership: string, controller: Controller | null): string | null => {
  for (const line of membership.split('\n')) {
    const [, names = '', ...path] = line.split(':');
    if (controller === null ? line.startsWith('0::') : names.split(',').includes(controller)) return path.join(':');
  }
  return null;
};

const folderOf = ({ point, root }: Mount, path: string): string => {
  const below = relative(root, path);
  return below.startsWith('..') ? point : join(point, below);
};

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
};

const isWritable = (path: string): boolean => {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
};

const hasBoth = (names: string): boolean => CONTROLLERS.every((name) => names.split(' ').includes(name));

/** Where groups get the controllers at once, or can be given them: no process may be in between, says version 2. */
const isFit = (folder: string): boolean => {
  if (!isWritable(folder) || !isWritable(join(folder, 'cgroup.procs'))) return false;
  if (hasBoth(read(join(folder, 'cgroup.subtree_control')))) return true;
  const offered = hasBoth(read(join(folder, 'cgroup.controllers'))) && isWritable(join(folder, 'cgroup.subtree_control'));
  return offered && read(join(folder, 'cgroup.procs')) === '';
};

/** Our own group, or else the one around it: ours has us in it, and is mostly not allowed to be divided. */
const unified = (mount: Mount, path: string): GroupPlace | null => {
  const own = folderOf(mount, path);
  const candidates = own === mount.point ? [own] : [own, dirname(own)];
  const folder = candidates.find(isFit);
  return folder === undefined ? null : { version: 2, folder };
};

const legacy = (mount: Mount, path: string): GroupPlace | null => {
  const folder = folderOf(mount, path);
  return isWritable(folder) ? { version: 1, folder } : null;
};

/** Looks where limits can be set. Changes nothing. */
export const groupPlaces = ({ membership, mounts }: OwnGroups): GroupPlaces => {
  const all = mountsOf(mounts);
  const placeOf = (controller: Controller): GroupPlace | null => {
    const old = all.find(({ version, options }) => version === 1 && options.includes(controller));
    const oldPath = pathOf(membership, controller);
    if (old !== undefined && oldPath !== null) return legacy(old, oldPath);
    const mount = all.find(({ version }) => version === 2);
    const path = pathOf(membership, null);
    return mount === undefined || path === null ? null : unified(mount, path);
  };
  return { memory: placeOf('memory'), cpu: placeOf('cpu') };
};

/** Of this process. */
export const ownGroupPlaces = (): GroupPlaces =>
  groupPlaces({ membership: read('/proc/self/cgroup'), mounts: read('/proc/self/mountinfo') });
