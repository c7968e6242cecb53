import type { PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { foldersAbove, type BytePath } from './byte-path.ts';
import { gitError, readAll, recordsOf, type Git, type GitOutcome, type GitPlace } from './git-command.ts';

/** What git says of a work tree. */
export interface WorkTreeState {
  /** Commit that HEAD names; `null` on a branch without one. */
  readonly head: string | null;
  /** Short name of the branch; `null` when HEAD is detached. */
  readonly branch: string | null;
  /** Anything differs between HEAD, index and files, or is untracked and not ignored. */
  readonly dirty: boolean;
  /** Submodules that are not as their entry says. */
  readonly dirtySubmodules: ReadonlySet<BytePath>;
  readonly files: ReadonlySet<BytePath>;
  /** All folders that hold tracked files. */
  readonly folders: ReadonlySet<BytePath>;
  readonly gitlinks: ReadonlySet<BytePath>;
  /** Some entries are marked so that git does not look at their files (`--assume-unchanged`, `--skip-worktree`). */
  readonly hidden: boolean;
  /** The index holds a merge that is not finished. */
  readonly unmerged: boolean;
}

type Changes = Pick<WorkTreeState, 'head' | 'branch' | 'dirty' | 'dirtySubmodules'>;
export type Entries = Pick<WorkTreeState, 'files' | 'folders' | 'gitlinks' | 'hidden' | 'unmerged'>;

/** Fields before the path, by the kind of line. @see git-status(1), "Porcelain Format Version 2" */
const FIELDS_BEFORE_PATH: Readonly<Record<string, number>> = { '1': 8, u: 10 };

const changesOf = (outcome: GitOutcome): Changes => {
  let head: string | null = null;
  let branch: string | null = null;
  let dirty = false;
  const dirtySubmodules = new Set<BytePath>();
  for (const record of recordsOf(outcome)) {
    const kind = record[0] ?? '';
    if (kind === '#') {
      const [, name, value] = /^# (\S+) (.*)$/s.exec(record) ?? [];
      if (name === 'branch.oid' && value !== '(initial)') head = value ?? null;
      if (name === 'branch.head' && value !== '(detached)') branch = value === undefined ? null : Buffer.from(value, 'latin1').toString();
      continue;
    }
    dirty = true;
    const before = FIELDS_BEFORE_PATH[kind];
    if (before === undefined) continue;
    const fields = record.split(' ');
    if (fields[2]?.startsWith('S') === true) dirtySubmodules.add(fields.slice(before).join(' '));
  }
  return { head, branch, dirty, dirtySubmodules };
};

const GITLINK = '160000';

const entriesOf = (outcome: GitOutcome, sparse: boolean): Entries => {
  const files = new Set<BytePath>();
  const folders = new Set<BytePath>();
  const gitlinks = new Set<BytePath>();
  let hidden = false;
  let unmerged = false;
  for (const record of recordsOf(outcome)) {
    const tab = record.indexOf('\t');
    const path = record.slice(tab + 1);
    const [tag = '', mode, , stage] = record.slice(0, tab).split(' ');
    // Lower case: assume unchanged. S: skip worktree, which a sparse checkout is made of.
    if (tag !== tag.toUpperCase() || (tag === 'S' && !sparse)) hidden = true;
    if (stage !== '0') unmerged = true;
    (mode === GITLINK ? gitlinks : files).add(path);
    for (const folder of foldersAbove(path)) {
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return { files, folders, gitlinks, hidden, unmerged };
};

/** What an index has, whatever its files are. */
export const indexEntries = async (git: Git, place: GitPlace, sparse: boolean): Promise<Result<Entries, PortError>> => {
  const entries = await git.run(['ls-files', '-v', '-s', '-z'], place);
  return entries.ok ? ok(entriesOf(entries, sparse)) : err(gitError(`git ls-files in ${place.cwd}`, entries));
};

const STATUS = ['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=normal', '--ignored=no', '--no-renames', '--ignore-submodules=none'];

/**
 * Looks at a work tree by its own index. Fails where that, or the repository behind it, cannot be read.
 *
 * @param sparse whether it was made as a sparse checkout
 */
export const workTreeState = async (git: Git, place: GitPlace, sparse: boolean): Promise<Result<WorkTreeState, PortError>> => {
  const [status, entries] = await Promise.all([git.run(STATUS, place), indexEntries(git, place, sparse)]);
  if (!readAll(status)) return err(gitError(`git status in ${place.cwd}`, status));
  return entries.ok ? ok({ ...changesOf(status), ...entries.value }) : entries;
};
