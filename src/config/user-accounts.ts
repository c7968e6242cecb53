import { spawnSync } from 'node:child_process';
import type { RunUser } from '../domain/engine-settings.ts';

/** The users of this machine, as far as a configuration names them. */
export interface UserAccounts {
  /** uid of this process; 0 may become anybody. */
  readonly own: number;
  /** By name or uid; `null` where there is none. */
  find(name: string): RunUser | null;
}

/** Wherever the machine keeps its users, in files or a directory service: these two ask there. */
const ask = (program: 'getent' | 'id', ...args: readonly string[]): string | null => {
  const { status, stdout } = spawnSync(program, args, {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout.trim() : null;
};

const read = (name: string): RunUser | null => {
  const line = ask('getent', 'passwd', name)?.split('\n')[0];
  const [account, , uid, gid, , home, shell] = line?.split(':') ?? [];
  if (account === undefined || uid === undefined || gid === undefined) return null;
  const groups = ask('id', '-G', account)?.split(' ').map(Number) ?? [Number(gid)];
  return { name: account, uid: Number(uid), gid: Number(gid), groups, home: home || '/', shell: shell || '/bin/sh' };
};

export const systemAccounts = (): UserAccounts => {
  const known = new Map<string, RunUser | null>();
  return {
    own: process.getuid?.() ?? 0,
    find: (name) => {
      const found = known.get(name) ?? read(name);
      known.set(name, found);
      return found;
    },
  };
};
