import type { PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { gitError, lineOf, type GitOutcome } from './git-command.ts';
import type { Lending, Lendings } from './lending.ts';
import type { Lens } from './lens.ts';
import { keepWork } from './salvage.ts';
import { snapshot, type SnapshotSource } from './snapshot.ts';
import type { Place } from './workspaces.ts';

/** What is to be saved of one slot. */
export interface Holding {
  readonly place: Place;
  /** Whose work it is; `null`: nobody knows, and it is kept under the slot's name. */
  readonly lending: Lending | null;
  /** `null`: its files are gone, and only commits can be saved. */
  readonly source: Partial<SnapshotSource> | null;
  /** Commit that the files are compared with. */
  readonly parent: string | null;
  /** Whether `parent` itself is on no branch that keeps it. */
  readonly strayCommits: boolean;
  /** What was staged, as a tree. */
  readonly staged: string | null;
}

const strangersLending = ({ id }: Place): Lending => ({
  registry: '', spec: 'unknown', id, attempt: 0, runner: '', at: 0, ready: true, branch: null, base: null, returned: false,
  isolated: false,
});

/** Saves what slots hold, and says so. */
export class Saving {
  readonly #lens: Lens;
  readonly #lendings: Lendings;
  readonly #tell: (message: string) => void;

  constructor(lens: Lens, lendings: Lendings, tell: (message: string) => void) {
    this.#lens = lens;
    this.#lendings = lendings;
    this.#tell = tell;
  }

  /** Keeps what differs from `parent`, and stray commits; nothing when there is no difference. The slot is not changed. */
  async save(holding: Holding): Promise<Result<null, PortError>> {
    const { place, source, parent, strayCommits } = holding;
    const before = await this.#treeOf(parent);
    if (!before.ok) return before;
    const tree = source === null ? before : await this.#snapshot(place, source);
    if (!tree.ok) return tree;
    const staged = holding.staged !== tree.value && holding.staged !== before.value ? holding.staged : null;
    if (tree.value === before.value && !strayCommits && staged === null) return ok(null);
    return this.#keep(holding, tree.value, staged);
  }

  #snapshot({ id, path }: Place, source: Partial<SnapshotSource>): Promise<Result<string, PortError>> {
    return snapshot(this.#lens, { root: path, ...source }, this.#lendings.scratch(id, 'index'));
  }

  /** Writes down that there is nothing of this lending left to save, before its files are removed: a crash between leaves half of them. */
  async settle({ id }: Place, lending: Lending | null): Promise<void> {
    if (lending?.ready === true) await this.#lendings.write(id, { ...lending, ready: false });
  }

  async #keep({ place, lending, parent }: Holding, tree: string, staged: string | null): Promise<Result<null, PortError>> {
    const whose = lending ?? strangersLending(place);
    const parents = parent === null ? [] : [parent];
    const work = { slot: place.id, lending: whose, tree, parents };
    if (staged !== null) {
      // As `git stash` does: what was staged, and is otherwise in the files, is the second parent.
      const second = await this.#commitStaged(staged, parents, whose);
      if (!second.ok) return err(gitError('cannot commit what was staged', second));
      parents.push(lineOf(second));
    }
    const kept = await keepWork(this.#lens, work);
    if (!kept.ok) return kept;
    const { spec, id, attempt } = whose;
    const name = `${spec}/${id}`;
    this.#tell(`${place.id} held work of ${name}, attempt ${attempt}, that is on no branch: kept as ${kept.value}; \`dispatcher salvage restore ${name}\` brings it back`);
    await this.settle(place, lending);
    return ok(null);
  }

  #commitStaged(tree: string, parents: readonly string[], { at }: Lending): Promise<GitOutcome> {
    const args = ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-m', 'staged'];
    return this.#run(args, `@${Math.floor(at / 1000)} +0000`);
  }

  async #treeOf(commit: string | null): Promise<Result<string, PortError>> {
    // Without a commit to compare with, all there is counts.
    const outcome = await this.#run(commit === null ? ['hash-object', '-t', 'tree', '--stdin'] : ['rev-parse', '--verify', `${commit}^{tree}`]);
    return outcome.ok ? ok(lineOf(outcome)) : err(gitError('cannot compare with what was checked out', outcome));
  }

  /** Whether a commit is reachable from none of the others, or, where there are none, from no reference; those that do not exist count for nothing. */
  async isStray(commit: string, others: readonly string[]): Promise<Result<boolean, PortError>> {
    const known = others.length === 0 ? ['--all'] : others;
    const outcome = await this.#run(['rev-list', '--ignore-missing', '-n', '1', commit, '--not', ...known]);
    return outcome.ok ? ok(lineOf(outcome) !== '') : err(gitError(`cannot find out where ${commit} belongs`, outcome));
  }

  /** The first of these names that is a commit. */
  async firstCommit(names: readonly (string | null)[]): Promise<string | null> {
    for (const name of names) {
      if (name === null) continue;
      const outcome = await this.#run(['rev-parse', '--verify', '--quiet', `${name}^{commit}`]);
      if (outcome.ok) return lineOf(outcome);
    }
    return null;
  }

  #run(args: readonly string[], date?: string): Promise<GitOutcome> {
    const { git, gitDir } = this.#lens;
    return git.run(args, { cwd: gitDir, gitDir }, '', date);
  }
}
