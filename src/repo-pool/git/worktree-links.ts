import { lstat, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

const textOf = async (path: string): Promise<string | null> => {
  try {
    return (await lstat(path)).isFile() ? (await readFile(path, 'utf8')).trim() : null;
  } catch {
    return null;
  }
};

const realOf = (path: string): Promise<string> => realpath(path).catch(() => path);

/**
 * How a linked worktree and its administrative folder name each other: `.git` in the one is a file
 * that says `gitdir: <the other>`, whose file `gitdir` has the path of that. @see gitrepository-layout(5)
 */
export class WorktreeLinks {
  readonly #folder: string;

  /** @param commonDir the repository's git directory, without links */
  constructor(commonDir: string) {
    this.#folder = join(commonDir, 'worktrees');
  }

  /** Administrative folder of the worktree at `path`, if both name each other and it can be read. */
  async valid(path: string): Promise<string | null> {
    const named = await this.named(path);
    if (named === null || (await textOf(join(named, 'HEAD'))) === null) return null;
    return (await this.#isFor(named, path)) ? named : null;
  }

  /** What `.git` at `path` names, if that is an administrative folder of this repository. */
  async named(path: string): Promise<string | null> {
    const link = /^gitdir: (.+)$/s.exec((await textOf(join(path, '.git'))) ?? '')?.[1];
    if (link === undefined) return null;
    const admin = resolve(path, link);
    const folder = await realOf(dirname(admin));
    return folder === this.#folder ? join(folder, basename(admin)) : null;
  }

  /** Administrative folders that name `path`: more than one after mishaps only. */
  async pointingTo(path: string): Promise<readonly string[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const folders = names.map((name) => join(this.#folder, name));
    const fitting = await Promise.all(folders.map((admin) => this.#isFor(admin, path)));
    return folders.filter((_, i) => fitting[i] === true);
  }

  /** Whether the place that `admin` names is gone, so that it may be given another one. */
  async isHomeless(admin: string): Promise<boolean> {
    const home = await textOf(join(admin, 'gitdir'));
    return home === null || (await lstat(home).catch(() => null)) === null;
  }

  async #isFor(admin: string, path: string): Promise<boolean> {
    const home = await textOf(join(admin, 'gitdir'));
    if (home === null) return false;
    const absolute = resolve(admin, home);
    return absolute === join(path, '.git') || join(await realOf(dirname(absolute)), '.git') === join(path, '.git');
  }

  /**
   * Removes the administrative folders of a worktree that cannot be mended, as `git worktree prune`
   * does. Repositories of submodules may have commits that are nowhere else: they keep a folder.
   */
  async forget(path: string): Promise<void> {
    for (const admin of await this.pointingTo(path)) {
      const names = await readdir(admin);
      if (!names.includes('modules')) {
        await rm(admin, { recursive: true, force: true });
        continue;
      }
      // Locked, it is not pruned by the user's `git gc` either.
      await writeFile(join(admin, 'locked'), 'kept for the repositories of submodules in it\n');
      for (const name of names) if (name !== 'modules' && name !== 'locked') await rm(join(admin, name), { recursive: true, force: true });
    }
  }
}
