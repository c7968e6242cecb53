import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PortError } from '../../domain/failures.ts';
import type { Result } from '../../domain/result.ts';
import type { Clones } from './clones.ts';
import type { Lending } from './lending.ts';
import type { AttemptName } from './ref-names.ts';
import type { CheckedOut, Place, Workspaces } from './workspaces.ts';
import type { Worktrees } from './worktrees.ts';

/**
 * Slots that are worktrees for runners of this machine, and private clones for those in containers: the
 * configuration and hooks that a linked worktree names are the host's, and would run there.
 */
export class MixedWorkspaces implements Workspaces {
  readonly #worktrees: Worktrees;
  readonly #clones: Clones;

  constructor(worktrees: Worktrees, clones: Clones) {
    this.#worktrees = worktrees;
    this.#clones = clones;
  }

  async takeBack(place: Place, lending: Lending | null): Promise<Result<null, PortError>> {
    return (await this.#kindOf(place, lending)).takeBack(place, lending);
  }

  async checkOut(place: Place, name: AttemptName, isolated: boolean): Promise<Result<CheckedOut, PortError>> {
    if (!isolated) {
      const there = await this.#worktrees.restore(place);
      return there.ok ? this.#worktrees.checkOut(place, name) : there;
    }
    const vacated = await this.#worktrees.vacate(place);
    return vacated.ok ? this.#clones.checkOut(place, name) : vacated;
  }

  async discard(place: Place, lending: Lending | null): Promise<Result<boolean, PortError>> {
    return (await this.#kindOf(place, lending)).discard(place, lending);
  }

  /** Where it is not known what was made there, a repository of its own is trusted in nothing. */
  async #kindOf({ path }: Place, lending: Lending | null): Promise<Workspaces> {
    if (lending !== null) return lending.isolated ? this.#clones : this.#worktrees;
    const git = await lstat(join(path, '.git')).catch(() => null);
    return git?.isDirectory() === true ? this.#clones : this.#worktrees;
  }
}
