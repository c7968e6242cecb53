import { spawnSync } from 'node:child_process';
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RunUser, Sandbox } from '../../domain/engine-settings.ts';

/** Fixed, and not the runner's own PATH: what is found here is trusted to close the sandbox. */
const PLACES = ['/usr/local/bin', '/usr/bin', '/bin', '/run/current-system/sw/bin'];

/** Longest time in which a sandbox with nothing in it is made and ends, ms. */
const ANSWER_MS = 10_000;

/**
 * Sockets live in `/run` (of the engines, the session, the system): reading is enough to talk to them. What
 * programs and name resolution need of it is shown again.
 */
const EMPTIED = ['/tmp', '/var/tmp', '/run'];
const SHOWN_AGAIN = ['/run/systemd/resolve', '/run/resolvconf', '/run/NetworkManager', '/run/current-system'];

/**
 * `--die-with-parent`: the parent of all inside dies with the process that we know, and with it the kernel ends
 * all others, so that whoever is rid of the one is rid of all. It also ties the sandbox to the fork-server, which
 * outlives the dispatcher; should it die, its runners are stopped or lost in any case.
 */
const closedBy = ({ network }: Pick<Sandbox, 'network'>): readonly string[] => [
  '--die-with-parent', '--new-session', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try',
  ...(network === 'none' ? ['--unshare-net'] : []),
  // For root, who would keep them all.
  '--cap-drop', 'ALL',
  '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc',
];

/** The program; `null` where it is not installed. */
export const bubblewrapPath = (): string | null => {
  for (const folder of PLACES) {
    try {
      accessSync(join(folder, 'bwrap'), constants.X_OK);
      return join(folder, 'bwrap');
    } catch {
      // Perhaps in the next one.
    }
  }
  return null;
};

/** Makes an empty sandbox as this user. Returns why it cannot be, with the mend; `null` when all is well. */
export const bubblewrapTrouble = (sandbox: Pick<Sandbox, 'network'>, user: RunUser | null): string | null => {
  const program = bubblewrapPath();
  if (program === null) return 'bwrap is not installed; install the package bubblewrap';
  const { error, status, stderr } = spawnSync(program, [...closedBy(sandbox), '--', '/bin/sh', '-c', ':'], {
    ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
    cwd: '/',
    env: { PATH: PLACES.join(':'), LC_ALL: 'C' },
    encoding: 'utf8',
    timeout: ANSWER_MS,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (error === undefined && status === 0) return null;
  const why = error?.message ?? stderr.trim().split('\n').at(-1) ?? '';
  return `bwrap cannot make one here (${why}); allow user namespaces, or use another machine`;
};

/** Without links, as far as it is there. */
const realOf = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(realOf(above), path.slice(above === '/' ? 1 : above.length + 1));
  }
};

const kindOf = (path: string): 'folder' | 'file' | null => {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? null : found.isDirectory() ? 'folder' : 'file';
};

/** An empty folder in its place, or an empty file. */
const hide = (path: string): readonly string[] => {
  const kind = kindOf(path);
  if (kind === null) return [];
  return kind === 'folder' ? ['--tmpfs', realOf(path)] : ['--ro-bind', '/dev/null', realOf(path)];
};

/** The loader obeys these before bubblewrap does anything: they are for the program inside alone. */
const LOADER = /^(?:LD_|GLIBC_TUNABLES$)/;

export interface SandboxRequest {
  readonly sandbox: Sandbox;
  /** The dispatcher's own files and folders, and those of other runners. */
  readonly secrets: readonly string[];
  /** Folders that are the runner's. */
  readonly own: readonly string[];
  readonly cwd: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Sandboxed {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The command and environment with which a runner's program is started in a sandbox. Later folders go over earlier ones. */
export const inSandbox = (program: string, request: SandboxRequest): Sandboxed => {
  const { sandbox, secrets, own, cwd, command, env } = request;
  const inside = Object.entries(env).filter(([name]) => LOADER.test(name));
  return {
    command: [
      program,
      ...closedBy(sandbox),
      ...EMPTIED.flatMap(hide),
      ...SHOWN_AGAIN.flatMap((path) => ['--ro-bind-try', path, path]),
      ...[...secrets, ...sandbox.hidden].flatMap(hide),
      ...sandbox.readOnly.flatMap((path) => ['--ro-bind', realOf(path), realOf(path)]),
      ...[...sandbox.writable, ...own].flatMap((path) => ['--bind', realOf(path), realOf(path)]),
      ...inside.flatMap(([name, value]) => ['--setenv', name, value]),
      '--chdir', cwd, '--', ...command,
    ],
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !LOADER.test(name))),
  };
};
