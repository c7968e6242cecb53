import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { complaintOf, lineOf, type Git } from './git-command.ts';
import { checkBase, openRepository, type Repository } from './repository.ts';
import { SharedRun } from './shared-run.ts';

/** The repository that clones are made from and results go to. */
export interface CloneHost {
  /** Without links. */
  readonly gitDir: string;
  readonly objects: string;
  /** `sha1` or `sha256`. */
  readonly format: string;
  /** What a clone knows as its origin. */
  readonly origin: string;
  /** Refspecs by which a clone gets the other branches. */
  readonly branches: readonly string[];
  /** The commit that a branch made now begins at. */
  base(): Promise<Result<string, PortError>>;
}

const permanent = (message: string): { readonly ok: false; readonly error: PortError } => err(portError('permanent', message));

/** A user's name and password stay out of every clone. */
const withoutSecret = (url: string): string => url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1');

const resolveIn = async (git: Git, gitDir: string, names: readonly string[]): Promise<string | null> => {
  for (const name of names) {
    const found = await git.run(['rev-parse', '--verify', '--quiet', `${name}^{commit}`], { cwd: gitDir, gitDir });
    if (found.ok) return lineOf(found);
  }
  return null;
};

/** A repository of this machine. Branches of attempts are left out of what clones get. */
export const localHost = async (git: Git, path: string, base: string | null): Promise<Result<CloneHost, PortError>> => {
  const opened = await openRepository(git, path);
  if (!opened.ok) return opened;
  const repository: Repository = opened.value;
  if (repository.shallow) {
    return permanent(`repo_pool.repo: ${path} is a shallow clone, which git-clone cannot clone; run \`git fetch --unshallow\` there`);
  }
  const checked = await checkBase(git, repository, base);
  if (!checked.ok) return checked;
  const { commonDir, objects, format } = repository;
  return ok({
    gitDir: commonDir,
    objects,
    format,
    origin: path,
    branches: ['+refs/heads/*:refs/remotes/origin/*', '^refs/heads/task/*'],
    base: async () => {
      const found = await resolveIn(git, commonDir, [checked.value]);
      return found === null ? err(portError('transient', `${checked.value} names no commit in ${commonDir} any more`)) : ok(found);
    },
  });
};

/** Name of the bare mirror in the base directory. */
export const MIRROR = '.mirror.git';
const ORIGIN_HEAD = 'refs/remotes/origin/HEAD';

/** A repository elsewhere, by way of a bare mirror beside the slots, which results and salvage go to. */
export const remoteHost = async (
  git: Git,
  { url, base, baseDir }: { readonly url: string; readonly base: string | null; readonly baseDir: string },
  tell: (message: string) => void,
): Promise<Result<CloneHost, PortError>> => {
  const folder = join(baseDir, MIRROR);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const gitDir = await realpath(folder);
  const made = await git.run(['init', '-q', '--bare', gitDir], { cwd: gitDir });
  if (!made.ok) return permanent(`repo_pool.base_dir: cannot make the mirror ${gitDir} (${complaintOf(made)})`);
  const shown = withoutSecret(url);
  const refspecs = [`+HEAD:${ORIGIN_HEAD}`, '+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'];
  const mirror = new SharedRun(() => git.run(['fetch', '-q', '--no-write-fetch-head', '--no-auto-gc', '--', url, ...refspecs], { cwd: gitDir, gitDir }));
  const names = base === null ? [ORIGIN_HEAD] : [`refs/remotes/origin/${base}`, base];
  const current = async (): Promise<Result<string, PortError>> => {
    const fetched = await mirror.ask();
    const why = fetched.ok ? null : complaintOf(fetched).replaceAll(url, shown);
    const found = await resolveIn(git, gitDir, names);
    if (found === null) return permanent(`repo_pool.repo: ${shown} cannot be used (${why ?? `${names[0]} names no commit`}); see that \`git ls-remote\` can read it`);
    if (why !== null) tell(`${shown} could not be fetched, so that what was fetched before is used: ${why}`);
    return ok(found);
  };
  const first = await current();
  if (!first.ok) return first;
  return ok({ gitDir, objects: join(gitDir, 'objects'), format: 'sha1', origin: shown, branches: ['+refs/remotes/origin/*:refs/remotes/origin/*'], base: current });
};
