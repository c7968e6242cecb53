import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PortError } from '../../domain/failures.ts';
import { ok, type Result } from '../../domain/result.ts';
import { bytePath, osPath, type BytePath } from './byte-path.ts';
import { lineOf, type Git } from './git-command.ts';
import type { Lending } from './lending.ts';
import type { Holding, Saving } from './saving.ts';
import type { Leftovers } from './work-tree-walk.ts';
import type { WorkTreeState } from './work-tree-state.ts';
import type { Place } from './workspaces.ts';
import { hasWholeIndex } from './worktree-admin.ts';

export interface FoundWorktree {
  readonly place: Place;
  readonly lending: Lending | null;
  readonly admin: string;
  readonly state: WorkTreeState;
  readonly leftovers: Leftovers;
}

const branchRef = (lending: Lending | null): string | null => (lending?.branch == null ? null : `refs/heads/${lending.branch}`);

/** The repositories in a work tree that hold what is nowhere else; not submodules as they were checked out. */
const ownRepositories = async ({ place, state, leftovers }: FoundWorktree): Promise<readonly BytePath[]> => {
  const own: BytePath[] = [];
  for (const path of leftovers.repositories) {
    const entry = await lstat(osPath(`${bytePath(place.path)}/${path}/.git`)).catch(() => null);
    const isCleanSubmodule = entry?.isFile() === true && state.gitlinks.has(path) && !state.dirtySubmodules.has(path);
    if (!isCleanSubmodule) own.push(path);
  }
  return own;
};

/** Whether HEAD has commits that neither the attempt's branch nor what it began at has. */
const headIsStray = async (saving: Saving, { state, lending }: FoundWorktree): Promise<Result<boolean, PortError>> => {
  const { head, branch } = state;
  if (head === null || head === lending?.base || (branch !== null && branch === lending?.branch)) return ok(false);
  const kept = [branchRef(lending), lending?.base ?? null].filter((name) => name !== null);
  return saving.isStray(head, kept);
};

/** What a worktree holds that no commit of its attempt's branch has; `null` when there is nothing of the kind. */
export const heldBeyondBranches = async (
  { git, saving }: { readonly git: Git; readonly saving: Saving },
  found: FoundWorktree,
): Promise<Result<Holding | null, PortError>> => {
  const { place, lending, admin, state } = found;
  const stray = await headIsStray(saving, found);
  if (!stray.ok) return stray;
  const repositories = await ownRepositories(found);
  if (!state.dirty && !state.hidden && !stray.value && repositories.length === 0) return ok(null);
  const parent = state.head ?? (await saving.firstCommit([branchRef(lending), lending?.base ?? null]));
  // A copy of an index with entries that are not looked at would not see their files either.
  const index = state.hidden || !(await hasWholeIndex(admin)) ? null : join(admin, 'index');
  // An index with a merge in it has no tree; its files do.
  const staged = state.unmerged ? null : await git.run(['write-tree'], { cwd: place.path, gitDir: admin, workTree: place.path });
  return ok({
    place,
    lending,
    parent,
    source: { index, tree: parent, repositories },
    strayCommits: stray.value,
    staged: staged?.ok === true ? lineOf(staged) : null,
  });
};

const detachedHead = async (admin: string): Promise<string | null> => {
  const text = await readFile(join(admin, 'HEAD'), 'utf8').catch(() => '');
  return /^[0-9a-f]{40,64}\n?$/.test(text) && !/^0+\n?$/.test(text) ? text.trim() : null;
};

/** The same for a folder that is no readable worktree any more. `admins`: what is left of its administrative folder. */
export const lostWorktree = async (
  saving: Saving,
  place: Place,
  lending: Lending | null,
  admins: readonly string[],
): Promise<Holding | null> => {
  const heads = await Promise.all(admins.map(detachedHead));
  const kept = [branchRef(lending), lending?.base ?? null];
  const head = await saving.firstCommit(heads);
  const stray = head === null ? null : await saving.isStray(head, kept.filter((name) => name !== null));
  const strayCommits = stray !== null && (!stray.ok || stray.value);
  const parent = strayCommits ? head : await saving.firstCommit(kept);
  const isFolder = (await lstat(place.path).catch(() => null))?.isDirectory() === true;
  const names = isFolder ? await readdir(place.path) : null;
  // A folder that was not filled, or is gone: no file of it can be saved, and the tree is not what anybody worked on.
  const hasFiles = names !== null && names.some((name) => name !== '.git');
  const git = isFolder ? await lstat(join(place.path, '.git')).catch(() => null) : null;
  const ownHistory = git?.isDirectory() ?? false;
  const isThere = hasFiles || ownHistory;
  if (!isThere && !strayCommits) return null;
  return { place, lending, parent, source: isThere ? { tree: parent, ownHistory } : null, strayCommits, staged: null };
};
