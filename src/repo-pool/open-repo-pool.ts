import { mkdir, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { portError, type PortError } from '../domain/failures.ts';
import type { RegistryId } from '../domain/ids.ts';
import { isRepositoryUrl } from '../domain/repository-url.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { ProcessTable } from '../ports/process-table.ts';
import type { RepoPool } from '../ports/repo-pool.ts';
import type { Salvage } from '../ports/salvage.ts';
import { createDirectoryPool } from './directory-pool.ts';
import { localHost, MIRROR, remoteHost } from './git/clone-host.ts';
import { makeReader } from './git/clone-reader.ts';
import { Clones } from './git/clones.ts';
import { excludeFolder } from './git/exclude-folder.ts';
import { Git, type Environment } from './git/git-command.ts';
import { createGitPool, slotsIn } from './git/git-pool.ts';
import { Lendings, type Lending } from './git/lending.ts';
import { Occupants } from './git/occupants.ts';
import { MixedWorkspaces } from './git/mixed-workspaces.ts';
import { ownFolder } from './git/folder-owner.ts';
import { checkBase, checkGit, openRepository } from './git/repository.ts';
import { SalvageStore } from './git/salvage-store.ts';
import { Saving } from './git/saving.ts';
import { dispatcherIdentity } from './git/untouched-branch.ts';
import type { Workspaces } from './git/workspaces.ts';
import { Worktrees } from './git/worktrees.ts';
import { slotNumber } from './slot-ledger.ts';

/** As configured. */
export type RepoPoolSettings =
  | { readonly type: 'directory'; readonly slots: number }
  | {
      readonly type: 'git-worktree' | 'git-clone';
      readonly slots: number;
      /** Absolute path in a work tree or of a bare repository; for `git-clone` also a URL. */
      readonly repo: string;
      /** Revision that branches begin at; `null`: what is checked out there at that moment. */
      readonly base: string | null;
    };

export interface RepoPoolSurroundings {
  /** Absolute folder of the slots; made when it is not there. */
  readonly baseDir: string;
  readonly registry: RegistryId;
  readonly processes: ProcessTable;
  /** Of this process; git gets it without what would lead it elsewhere. */
  readonly environment: Environment;
  /** Wall time, ms since the epoch. */
  readonly now: () => number;
  /** Takes lines for a person. */
  readonly tell: (message: string) => void;
  /** Whether runners in containers will ask for slots. */
  readonly isolates?: boolean;
}

type GitSettings = Exclude<RepoPoolSettings, { readonly type: 'directory' }>;

/**
 * Opens the slots as they are configured, and looks whether git can work there at all.
 *
 * @returns `permanent`, one line with the mend, where it cannot
 */
export const openRepoPool = async (settings: RepoPoolSettings, around: RepoPoolSurroundings): Promise<Result<RepoPool, PortError>> => {
  if (settings.type === 'directory') return ok(createDirectoryPool({ baseDir: around.baseDir, slots: settings.slots }));
  try {
    return await openGitPool(settings, around);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(portError('permanent', `repo_pool.base_dir: ${around.baseDir} cannot be used (${why}); name another one`));
  }
};

const openGitPool = async (settings: GitSettings, around: RepoPoolSurroundings): Promise<Result<RepoPool, PortError>> => {
  const { registry, now, tell } = around;
  const git = new Git(around.environment, dispatcherIdentity(registry));
  const usable = await checkGit(git);
  if (!usable.ok) return usable;
  await mkdir(around.baseDir, { recursive: true, mode: 0o700 });
  const baseDir = await realpath(around.baseDir);
  await excludeFolder(baseDir);
  const lendings = new Lendings(baseDir);
  await lendings.open();
  const owned = await ownFolder(lendings.folder, registry, around.processes);
  if (!owned.ok) return owned;
  const left = new Map<string, Lending>();
  const slots = slotsIn(await readdir(baseDir));
  for (const id of slots) {
    const lending = await lendings.read(id);
    if (lending !== null) left.set(id, lending);
  }
  const isolates = around.isolates === true || [...left.values()].some(({ isolated }) => isolated);
  const workspaces = await openWorkspaces(settings, { ...around, baseDir, isolates }, git, lendings);
  if (!workspaces.ok) return workspaces;
  const surplus = slots.filter((id) => (slotNumber(id) ?? 0) > settings.slots);
  const occupants = new Occupants(baseDir);
  return ok(createGitPool({ baseDir, slots: settings.slots, registry, workspaces: workspaces.value, lendings, occupants, left, surplus, now, tell }));
};

const openWorkspaces = async (
  settings: GitSettings,
  around: RepoPoolSurroundings,
  git: Git,
  lendings: Lendings,
): Promise<Result<Workspaces, PortError>> => {
  if (settings.type === 'git-clone') return openClones(settings, around, git, lendings);
  const worktrees = await openWorktrees(settings, around, git, lendings);
  if (!worktrees.ok || around.isolates !== true) return worktrees;
  const clones = await openClones(settings, around, git, lendings);
  return clones.ok ? ok(new MixedWorkspaces(worktrees.value, clones.value)) : clones;
};

const openWorktrees = async (
  { repo, base }: GitSettings,
  { registry, tell }: RepoPoolSurroundings,
  git: Git,
  lendings: Lendings,
): Promise<Result<Worktrees, PortError>> => {
  const repository = await openRepository(git, repo);
  if (!repository.ok) return repository;
  const { commonDir } = repository.value;
  const begins = await checkBase(git, repository.value, base);
  if (!begins.ok) return begins;
  const modules = await git.run(['cat-file', '-e', `${begins.value}:.gitmodules`], { cwd: commonDir, gitDir: commonDir });
  if (modules.ok) tell('slots have no submodules checked out; a command that needs them runs `git submodule update --init` first');
  const saving = new Saving({ git, gitDir: commonDir, reader: commonDir, trusting: true }, lendings, tell);
  return ok(new Worktrees({ git, commonDir, base: begins.value, registry, saving }));
};

const openClones = async (
  { repo, base }: GitSettings,
  { registry, tell, baseDir }: RepoPoolSurroundings,
  git: Git,
  lendings: Lendings,
): Promise<Result<Clones, PortError>> => {
  const host = isRepositoryUrl(repo) ? await remoteHost(git, { url: repo, base, baseDir }, tell) : await localHost(git, repo, base);
  if (!host.ok) return host;
  const reader = await makeReader(git, lendings.folder, host.value.format);
  if (!reader.ok) return reader;
  const { gitDir, objects } = host.value;
  const saving = new Saving({ git, gitDir, reader: reader.value, objects, trusting: false }, lendings, tell);
  return ok(new Clones({ git, host: host.value, registry, saving, lendings }));
};

/** Whether salvage lies in a mirror below the base directory, because the repository is elsewhere. */
export const keepsMirror = (settings: RepoPoolSettings): boolean => settings.type === 'git-clone' && isRepositoryUrl(settings.repo);

/**
 * What was kept of lost work by these slots. Needs no dispatcher.
 *
 * @param baseDir asked for only where {@link keepsMirror} says so
 * @returns `permanent`, one line with the mend, where there is no repository
 */
export const openSalvage = async (
  settings: RepoPoolSettings,
  { baseDir, environment }: { readonly baseDir: string; readonly environment: Environment },
): Promise<Result<Salvage, PortError>> => {
  if (settings.type === 'directory') {
    const message = 'repo_pool.type is directory: slots that are plain folders keep nothing; name git-worktree or git-clone';
    return err(portError('permanent', message));
  }
  const git = new Git(environment, dispatcherIdentity(null));
  const usable = await checkGit(git);
  if (!usable.ok) return usable;
  const repository = await openRepository(git, keepsMirror(settings) ? join(baseDir, MIRROR) : settings.repo);
  return repository.ok ? ok(new SalvageStore(git, repository.value.commonDir)) : repository;
};
