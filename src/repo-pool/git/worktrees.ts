import { lstat, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { portError, type PortError } from '../../domain/failures.ts';
import type { RegistryId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { clearFolder } from './clear-folder.ts';
import { complaintOf, gitError, lineOf, type Git, type GitPlace } from './git-command.ts';
import type { Lending } from './lending.ts';
import { branchNames, type AttemptName } from './ref-names.ts';
import type { Saving } from './saving.ts';
import { Turns } from './turns.ts';
import { isUntouched } from './untouched-branch.ts';
import { leftoversOf, removeBelow, type Leftovers } from './work-tree-walk.ts';
import { workTreeState, type WorkTreeState } from './work-tree-state.ts';
import type { CheckedOut, Place, Workspaces } from './workspaces.ts';
import { isSparse, rememberPristine, removeLocks, tidy } from './worktree-admin.ts';
import { WorktreeLinks } from './worktree-links.ts';
import { heldBeyondBranches, lostWorktree } from './worktree-holding.ts';

export interface WorktreesOptions {
  readonly git: Git;
  /** The repository's common git directory, without links. */
  readonly commonDir: string;
  /** Revision that branches begin at. */
  readonly base: string;
  readonly registry: RegistryId;
  readonly saving: Saving;
}

/** A work tree that could be read, with its administrative folder. */
interface Readable {
  readonly admin: string;
  readonly state: WorkTreeState;
  readonly leftovers: Leftovers;
}

/** Slots that are linked worktrees of one repository: made once, detached and locked between uses. */
export class Worktrees implements Workspaces {
  readonly #options: WorktreesOptions;
  readonly #links: WorktreeLinks;
  /** For what changes the list of worktrees. All else locks one worktree or one branch only, and may run at the same time. */
  readonly #turns = new Turns();

  constructor(options: WorktreesOptions) {
    this.#options = options;
    this.#links = new WorktreeLinks(options.commonDir);
  }

  async takeBack(place: Place, lending: Lending | null): Promise<Result<null, PortError>> {
    const readable = await this.#read(place);
    if (readable === null) return this.#remake(place, lending);
    // Not ready: it was being prepared, and nobody has worked there.
    if (lending?.ready !== false) {
      const { saving } = this.#options;
      const holding = await heldBeyondBranches(this.#options, { ...readable, place, lending });
      if (!holding.ok) return holding;
      const saved = holding.value === null ? ok(null) : await saving.save(holding.value);
      if (!saved.ok) return saved;
    }
    return this.#reset(place, readable, lending?.base ?? null);
  }

  /** `null` where there is no worktree, or one that git cannot read: then it has to be made anew. */
  async #read(place: Place): Promise<Readable | null> {
    const isFolder = (await lstat(place.path).catch(() => null))?.isDirectory() === true;
    const admin = isFolder ? ((await this.#links.valid(place.path)) ?? (await this.#mendLinks(place))) : null;
    if (admin === null) return null;
    await removeLocks(admin);
    const state = await workTreeState(this.#options.git, placeOf(place, admin), await isSparse(admin));
    if (!state.ok) return null;
    return { admin, state: state.value, leftovers: await leftoversOf(place.path, state.value) };
  }

  /** The worktree or the repository was moved: git mends that as long as one of them names the other. */
  async #mendLinks({ path }: Place): Promise<string | null> {
    const named = await this.#links.named(path);
    const isOurs = named === null ? (await this.#links.pointingTo(path)).length === 1 : await this.#links.isHomeless(named);
    if (!isOurs) return null;
    const { git, commonDir } = this.#options;
    await this.#turns.take(() => git.run(['worktree', 'repair', path], { cwd: commonDir, gitDir: commonDir, slot: path }));
    return this.#links.valid(path);
  }

  async #reset(place: Place, { admin, state, leftovers }: Readable, base: string | null): Promise<Result<null, PortError>> {
    await tidy(admin);
    await removeBelow(place.path, leftovers.extras);
    // Entries that git is told not to look at would stay as they are.
    if (state.hidden) await rm(join(admin, 'index'), { force: true });
    const { git } = this.#options;
    const detach = (commit: string) => git.run(['checkout', '-q', '-f', '--detach', commit, '--'], placeOf(place, admin));
    let detached = await detach(base ?? this.#options.base);
    if (!detached.ok && base !== null) detached = await detach(this.#options.base);
    if (!detached.ok) return err(gitError(`cannot reset ${place.path}`, detached));
    if (!state.hidden && !/unable to rmdir/.test(detached.stderr)) return ok(null);
    const again = await this.#read(place);
    if (again !== null) await removeBelow(place.path, again.leftovers.extras);
    return ok(null);
  }

  async #remake(place: Place, lending: Lending | null): Promise<Result<null, PortError>> {
    if (lending?.ready !== false) {
      const { saving } = this.#options;
      const holding = await lostWorktree(saving, place, lending, await this.#links.pointingTo(place.path));
      const saved = holding === null ? ok(null) : await saving.save(holding);
      if (!saved.ok) return saved;
      await saving.settle(place, lending);
    }
    return this.#turns.take(async () => {
      const cleared = await clearFolder(place.path);
      if (!cleared.ok) return cleared;
      await this.#links.forget(place.path);
      return this.#make(place);
    });
  }

  async #make({ path }: Place): Promise<Result<null, PortError>> {
    const { git, commonDir, base } = this.#options;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const args = ['worktree', 'add', '--force', '--detach', '--lock', path, base];
    const added = await git.run(args, { cwd: commonDir, gitDir: commonDir, slot: path });
    if (!added.ok) return err(gitError(`cannot make the worktree ${path}`, added));
    const admin = await this.#links.valid(path);
    if (admin === null) return err(portError('transient', `cannot make the worktree ${path}: git made it elsewhere`));
    await rememberPristine(admin);
    return ok(null);
  }

  /** Removes the worktree of a slot that holds nothing, so that something else can be made there. */
  vacate({ path }: Place): Promise<Result<null, PortError>> {
    return this.#turns.take(async () => {
      const cleared = await clearFolder(path);
      if (cleared.ok) await this.#links.forget(path);
      return cleared;
    });
  }

  /** Makes the worktree of a slot where there is no folder any more. */
  async restore(place: Place): Promise<Result<null, PortError>> {
    if ((await lstat(place.path).catch(() => null)) !== null) return ok(null);
    return this.#turns.take(async () => {
      await this.#links.forget(place.path);
      return this.#make(place);
    });
  }

  async checkOut(place: Place, name: AttemptName): Promise<Result<CheckedOut, PortError>> {
    const { git, commonDir, registry, base } = this.#options;
    const admin = await this.#links.valid(place.path);
    if (admin === null) return err(portError('transient', `${place.path} is no worktree any more`));
    let reason = '';
    for (const branch of branchNames(name, registry)) {
      const make = (flag: '-b' | '-B') =>
        git.run(['checkout', '-q', '-f', '--no-track', flag, branch, base, '--'], placeOf(place, admin));
      let made = await make('-b');
      // Made for this very attempt before it was claimed, and nobody has been on it since.
      if (!made.ok && (await isUntouched(commonDir, branch, registry))) made = await make('-B');
      if (made.ok) return this.#checkedOut(place, admin, branch);
      reason ||= complaintOf(made);
    }
    return err(portError('transient', `cannot check out a branch in ${place.path}: ${reason}`));
  }

  async #checkedOut(place: Place, admin: string, branch: string): Promise<Result<CheckedOut, PortError>> {
    const { git, commonDir } = this.#options;
    const loose = await readFile(join(commonDir, 'refs', 'heads', branch), 'utf8').catch(() => '');
    if (/^[0-9a-f]{40,64}\n$/.test(loose)) return ok({ branch, base: loose.trim() });
    const head = await git.run(['rev-parse', '--verify', 'HEAD'], placeOf(place, admin));
    return head.ok ? ok({ branch, base: lineOf(head) }) : err(gitError(`cannot read HEAD of ${place.path}`, head));
  }

  async discard(place: Place, lending: Lending | null): Promise<Result<boolean, PortError>> {
    const readable = await this.#read(place);
    if (readable === null) return ok(false);
    const holding = await heldBeyondBranches(this.#options, { ...readable, place, lending });
    if (!holding.ok) return holding;
    if (holding.value !== null) return ok(false);
    const { git, commonDir } = this.#options;
    const args = ['worktree', 'remove', '--force', '--force', place.path];
    const removed = await this.#turns.take(() => git.run(args, { cwd: commonDir, gitDir: commonDir, slot: place.path }));
    return removed.ok ? ok(true) : err(gitError(`cannot remove the worktree ${place.path}`, removed));
  }
}

const placeOf = ({ path }: Place, admin: string): GitPlace => ({ cwd: path, gitDir: admin, workTree: path, slot: path });
