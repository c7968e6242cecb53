import { realpath, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { complaintOf, lineOf, type Git } from './git-command.ts';

/** A repository of this machine. */
export interface Repository {
  /** Its common git directory, absolute, without links. */
  readonly commonDir: string;
  /** Folder of its objects. */
  readonly objects: string;
  /** Revision of what is checked out where the configuration points to, at any later moment. */
  readonly head: string;
  readonly shallow: boolean;
  /** `sha1` or `sha256`. */
  readonly format: string;
}

/** `git worktree repair` came with 2.30, on 2020-12-28. */
const OLDEST = [2, 30] as const;

const permanent = (message: string): { readonly ok: false; readonly error: PortError } => err(portError('permanent', message));

/** That there is a git, and a new enough one. */
export const checkGit = async (git: Git): Promise<Result<null, PortError>> => {
  const version = await git.run(['version'], { cwd: '/' });
  if (!version.ok) return permanent(`git cannot be started (${complaintOf(version)}); install it, or set repo_pool.type: directory`);
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(lineOf(version)) ?? [];
  const isOld = Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]);
  return isOld ? permanent(`${lineOf(version)} is too old; expected git ${OLDEST.join('.')} or newer; upgrade it`) : ok(null);
};

/**
 * Looks at the repository around `path`.
 *
 * @returns `permanent`, one line with the mend, where there is none
 */
export const openRepository = async (git: Git, path: string): Promise<Result<Repository, PortError>> => {
  const there = await stat(path).catch(() => null);
  if (there?.isDirectory() !== true) {
    return permanent(`repo_pool.repo: ${path} is no folder; name one inside a git work tree, or a bare repository`);
  }
  const asked = await git.run(['rev-parse', '--git-common-dir', '--git-dir', '--git-path', 'objects', '--is-shallow-repository', '--show-object-format'], { cwd: path });
  if (!asked.ok) {
    const what = /not a git repository/.test(asked.stderr) ? 'is in no git repository' : `cannot be used (${complaintOf(asked)})`;
    return permanent(`repo_pool.repo: ${path} ${what}; run \`git init\` there, name another one, or set repo_pool.type: directory`);
  }
  const [common = '', own = '', objects = '', shallow = '', format = ''] = asked.stdout.toString('utf8').split('\n');
  const commonDir = await realpath(resolve(path, common));
  const ownDir = await realpath(resolve(path, own));
  const head = ownDir === commonDir ? 'main-worktree/HEAD' : `worktrees/${basename(ownDir)}/HEAD`;
  return ok({ commonDir, objects: await realpath(resolve(path, objects)), head, shallow: shallow === 'true', format });
};

/** The revision that branches begin at, once it is certain that there is one. */
export const checkBase = async (git: Git, { commonDir, head }: Repository, base: string | null): Promise<Result<string, PortError>> => {
  const wanted = base ?? head;
  const found = wanted.startsWith('-') ? null : await git.run(['rev-parse', '--verify', '--quiet', `${wanted}^{commit}`], { cwd: commonDir, gitDir: commonDir });
  if (found?.ok === true) return ok(wanted);
  if (base !== null) return permanent(`repo_pool.base: "${base}" names no commit in ${commonDir}; name a branch, a tag or a commit`);
  return permanent(`repo_pool.repo: ${commonDir} has no commit to begin at; make one (git commit), or name repo_pool.base`);
};
