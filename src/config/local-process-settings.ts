import { resolve } from 'node:path';
import type { Confinement, LocalProcessEngine, RunUser, Sandbox } from '../domain/engine-settings.ts';
import type { WrittenPool } from './configuration-schema.ts';
import type { Finding } from './finding.ts';
import { quoted } from './input-error.ts';
import type { WrittenSandbox } from './local-process-schema.ts';
import type { UserAccounts } from './user-accounts.ts';

/** What a configuration is read on. */
export interface LocalMachine {
  readonly accounts: UserAccounts;
  /** Of whoever starts the dispatcher. */
  readonly home: string;
  /** Resolves a path from the folder of the configuration. */
  readonly absolute: (path: string) => string;
}

/** `null` where there is no such user; a uid with a gid needs none. */
const findUser = (written: string, accounts: UserAccounts): RunUser | null => {
  const [uid, gid] = written.split(':').map(Number);
  const known = accounts.find(written.split(':')[0] ?? '');
  if (uid === undefined || gid === undefined) return known;
  if (known !== null) return { ...known, gid, groups: known.gid === gid ? known.groups : [gid] };
  return { name: String(uid), uid, gid, groups: [gid], home: '/', shell: '/bin/sh' };
};

/** `null`: the user that the dispatcher is already. */
const userOf = ({ user }: WrittenPool, { accounts }: LocalMachine): RunUser | null => {
  const found = user == null ? null : findUser(user, accounts);
  return found?.uid === accounts.own ? null : found;
};

const sandboxOf = (written: WrittenSandbox | null | undefined, user: RunUser | null, machine: LocalMachine): Sandbox | null => {
  if (written == null) return null;
  const home = user?.home ?? machine.home;
  const places = (paths: readonly string[] | null | undefined): readonly string[] =>
    (paths ?? []).map((path) => (path === '~' || path.startsWith('~/') ? resolve(home, `.${path.slice(1)}`) : machine.absolute(path)));
  return {
    type: written.type,
    network: written.network ?? 'host',
    hidden: places(written.hidden),
    readOnly: places(written.read_only),
    writable: places(written.writable),
  };
};

const limitsOf = ({ config, enforce_limits: enforced }: WrittenPool): Confinement['limits'] => {
  const cpu = config?.resources?.cpu_limit ?? null;
  const memory = config?.resources?.memory_limit ?? null;
  return (enforced ?? (cpu !== null || memory !== null)) ? { cpu, memory } : null;
};

/** A pool of processes of this machine. */
export const localProcessEngine = (written: WrittenPool, machine: LocalMachine): LocalProcessEngine => {
  const user = userOf(written, machine);
  const sandbox = sandboxOf(written.sandbox, user, machine);
  const nice = written.nice ?? 0;
  const limits = limitsOf(written);
  const isPlain = user === null && sandbox === null && nice === 0 && limits === null;
  return isPlain ? { type: 'local-process' } : { type: 'local-process', confinement: { user, sandbox, nice, limits } };
};

const CONFINEMENT_KEYS = ['user', 'sandbox', 'nice', 'enforce_limits'] as const;

const userComplaint = (user: string, accounts: UserAccounts): string | null => {
  const found = findUser(user, accounts);
  if (found === null) {
    return /^\d+$/.test(user)
      ? `no user of this machine has the uid ${user}; write "uid:gid", or name another user`
      : `there is no user ${quoted(user)} on this machine; make one, or name another`;
  }
  if (found.uid === accounts.own || accounts.own === 0) return null;
  return `only a dispatcher that is root can start runners as ${quoted(user)}, and this is uid ${accounts.own}; start it as root, or take user out`;
};

/** Keys that mean nothing to another engine's pool, and what this machine cannot do for one of local processes. */
export const localProcessFindings = (name: string, written: WrittenPool, accounts: UserAccounts): readonly Finding[] => {
  const said = (key: string, message: string): Finding => ({ path: ['agent_pools', name, key], complaint: { kind: 'said', message } });
  const { type, user } = written;
  if (type !== 'local-process') {
    const there = CONFINEMENT_KEYS.filter((key) => written[key] != null);
    return there.map((key) => said(key, `${key} means nothing to a pool of type ${type}; take it out${key === 'user' ? ', or put it under config' : ''}`));
  }
  const message = user == null ? null : userComplaint(user, accounts);
  return message === null ? [] : [said('user', message)];
};

/** What of a confined pool may surprise. */
export const confinementNotes = (name: string, engine: LocalProcessEngine, worktrees: boolean): readonly string[] => {
  const { user, sandbox } = engine.confinement ?? { user: null, sandbox: null };
  const notes: string[] = [];
  if (worktrees && (user !== null || sandbox !== null)) {
    notes.push(
      `pool ${name}: in a git worktree its runners can edit but not commit, for the repository's git directory is not theirs; ` +
        'set repo_pool.type to git-clone, where each has one of its own',
    );
  }
  return notes;
};
