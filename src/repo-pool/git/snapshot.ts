import { constants } from 'node:fs';
import { copyFile, lstat, rm } from 'node:fs/promises';
import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { below, bytePath, nulList, osPath, textPath, type BytePath } from './byte-path.ts';
import { complaintOf, gitError, lineOf, readAll, recordsOf, type GitOutcome, type GitPlace } from './git-command.ts';
import type { Lens } from './lens.ts';

/** What a snapshot of a folder begins with. */
export interface SnapshotSource {
  /** Absolute. */
  readonly root: string;
  /** An index that knows most of the files by size and time, so that they need not be read; else `tree` is. */
  readonly index: string | null;
  /** Commit or tree to compare with where there is no index; `null`: with nothing. */
  readonly tree: string | null;
  /** Folders that are repositories themselves, beyond what git finds among untracked ones. */
  readonly repositories: readonly BytePath[];
  /** Whether the folder has a repository of its own, whose history is taken along. */
  readonly ownHistory: boolean;
  /** Take what git would ignore, too, and every byte as it is. */
  readonly everything: boolean;
}

const PLAIN = { index: null, tree: null, repositories: [], ownHistory: false, everything: false } as const;

/** Names, in the folder of an embedded repository, of its history: a bundle, or its git directory as it was. */
const BUNDLE = 'dispatcher-salvage.bundle';
const RAW = 'dispatcher-salvage.git';
const DEEPEST = 16;

const asFailure = (what: string, error: unknown): PortError =>
  portError('transient', `${what}: ${error instanceof Error ? error.message : String(error)}`);

/** Takes the files of one folder into a tree; those of repositories in it become plain files, with their history beside. */
class Snapshot {
  readonly #lens: Lens;
  readonly #index: string;
  readonly #source: SnapshotSource;
  readonly #root: string;
  readonly #depth: number;

  constructor(lens: Lens, index: string, source: SnapshotSource, depth: number) {
    this.#lens = lens;
    this.#index = index;
    this.#source = source;
    this.#root = source.root;
    this.#depth = depth;
  }

  async take(): Promise<Result<string, PortError>> {
    try {
      await rm(this.#index, { force: true });
      await rm(`${this.#index}.lock`, { force: true });
      const seeded = await this.#seed();
      if (!seeded.ok) return seeded;
      const found = await this.#repositories();
      return found.ok ? await this.#takeAll([...new Set([...this.#source.repositories, ...found.value])]) : found;
    } catch (error) {
      return err(asFailure(`cannot save ${this.#root}`, error));
    } finally {
      await rm(this.#index, { force: true });
    }
  }

  async #seed(): Promise<Result<null, PortError>> {
    const { index, tree } = this.#source;
    if (index !== null) {
      await copyFile(index, this.#index, constants.COPYFILE_FICLONE);
      return ok(null);
    }
    const read = await this.#run(tree === null ? ['read-tree', '--empty'] : ['read-tree', tree]);
    return read.ok ? ok(null) : err(gitError(`cannot read ${tree ?? 'nothing'}`, read));
  }

  /** Repositories among what is untracked, and those that are tracked as no more than a link. */
  async #repositories(): Promise<Result<readonly BytePath[], PortError>> {
    const ignoring = this.#source.everything ? [] : ['--exclude-standard'];
    const found = await this.#run(['ls-files', '-t', '--stage', '--others', ...ignoring, '-z']);
    if (!readAll(found)) return err(gitError(`cannot list what is in ${this.#root}`, found));
    const repositories: BytePath[] = [];
    for (const record of recordsOf(found)) {
      if (record.startsWith('? ') && record.endsWith('/')) repositories.push(record.slice(2, -1));
      const link = /^\S 160000 \S+ \d\t(.+)$/s.exec(record)?.[1];
      if (link === undefined) continue;
      const git = await lstat(osPath(below(bytePath(this.#root), `${link}/.git`))).catch(() => null);
      if (git?.isDirectory() === true) repositories.push(link);
    }
    return ok(repositories);
  }

  async #takeAll(repositories: readonly BytePath[]): Promise<Result<string, PortError>> {
    if (repositories.length > 0) {
      const paths = nulList(repositories);
      const removed = await this.#run(['rm', '-r', '-q', '--cached', '--ignore-unmatch', '-f', '--pathspec-from-file=-', '--pathspec-file-nul'], asLiteral(paths));
      if (!removed.ok) return err(gitError(`cannot save ${this.#root}`, removed));
    }
    const without = repositories.map((path) => `:(top,exclude,literal)${path}`);
    const added = await this.#run(['add', '-A', ...(this.#source.everything ? ['-f'] : []), '--pathspec-from-file=-', '--pathspec-file-nul'], nulList([':(top)', ...without]));
    if (!readAll(added)) return err(gitError(`cannot save ${this.#root}`, added));
    for (const path of repositories) {
      const taken = await this.#takeRepository(path);
      if (!taken.ok) return taken;
    }
    if (this.#source.ownHistory) {
      const taken = await this.#takeHistory(`${this.#root}/.git`);
      if (!taken.ok) return taken;
    }
    const tree = await this.#run(['write-tree']);
    return tree.ok ? ok(lineOf(tree)) : err(gitError(`cannot save ${this.#root}`, tree));
  }

  async #takeRepository(path: BytePath): Promise<Result<null, PortError>> {
    const root = textPath(below(bytePath(this.#root), path));
    if (this.#depth >= DEEPEST) return err(portError('transient', `${root}: more than ${DEEPEST} repositories in each other`));
    return this.#inner({ ...PLAIN, root, ownHistory: true }, path);
  }

  /** Takes another folder as what is at `path`. */
  async #inner(source: SnapshotSource, path: BytePath): Promise<Result<null, PortError>> {
    const inner = new Snapshot(this.#lens, `${this.#index}-${this.#depth + 1}`, source, this.#depth + 1);
    const tree = await inner.take();
    if (!tree.ok) return tree;
    const read = await this.#run(['read-tree', `--prefix=${textPath(path)}/`, tree.value]);
    return read.ok ? ok(null) : err(gitError(`cannot save ${source.root}`, read));
  }

  /** A `.git` that is a file names a git directory elsewhere, which stays. */
  async #takeHistory(gitDir: string): Promise<Result<null, PortError>> {
    const kind = await lstat(gitDir);
    if (!kind.isDirectory()) return ok(null);
    if (this.#lens.trusting) {
      const bundled = await this.#bundle(gitDir);
      if (bundled) return ok(null);
    }
    return this.#inner({ ...PLAIN, root: gitDir, everything: true }, RAW);
  }

  /** The commits that no remote has. False when git cannot read them. */
  async #bundle(gitDir: string): Promise<boolean> {
    const { git } = this.#lens;
    const file = `${this.#index}.bundle`;
    const bundle = await git.run(['bundle', 'create', '-q', file, '--all', '--not', '--remotes'], { cwd: gitDir, gitDir });
    if (!bundle.ok) return /empty bundle/.test(complaintOf(bundle));
    try {
      const blob = await this.#run(['hash-object', '-w', '--no-filters', file]);
      if (!blob.ok) return false;
      const entry = Buffer.from(`100644 ${lineOf(blob)}\t${BUNDLE}\0`, 'latin1');
      return (await this.#run(['update-index', '-z', '--add', '--index-info'], entry)).ok;
    } finally {
      await rm(file, { force: true });
    }
  }

  #run(args: readonly string[], input?: Buffer): Promise<GitOutcome> {
    const { git, reader, objects } = this.#lens;
    const place: GitPlace = { cwd: this.#root, gitDir: reader, workTree: this.#root, index: this.#index };
    const verbatim = ['-c', 'core.attributesFile=/dev/null', '-c', 'core.autocrlf=false'];
    const settings = ['-c', 'core.sparseCheckout=false', ...(this.#source.everything ? verbatim : [])];
    return git.run([...settings, ...args], objects === undefined ? place : { ...place, objects }, input);
  }
}

const asLiteral = (paths: Buffer): Buffer =>
  nulList(paths.toString('latin1').split('\0').slice(0, -1).map((path) => `:(top,literal)${path}`));

/**
 * Writes everything that a folder holds and git does not ignore as one tree, without touching the
 * folder, its index or its repository. Untracked repositories in it are taken along.
 *
 * @param scratch file, not there yet, for the temporary index
 * @returns the tree; `transient` when anything could not be read or written, and then nothing may be removed
 */
export const snapshot = (lens: Lens, source: Partial<SnapshotSource> & Pick<SnapshotSource, 'root'>, scratch: string): Promise<Result<string, PortError>> =>
  new Snapshot(lens, scratch, { ...PLAIN, ...source }, 0).take();
