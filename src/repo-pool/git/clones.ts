import { appendFile, copyFile, lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { portError, type PortError } from '../../domain/failures.ts';
import { shortRegistryId, type RegistryId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { clearFolder } from './clear-folder.ts';
import { escapeOf } from './clone-escape.ts';
import type { CloneHost } from './clone-host.ts';
import { complaintOf, gitError, lineOf, type Git, type GitOutcome } from './git-command.ts';
import type { Lending, Lendings } from './lending.ts';
import { branchNames, type AttemptName } from './ref-names.ts';
import type { Holding, Saving } from './saving.ts';
import { isUntouched, MADE } from './untouched-branch.ts';
import { leftoversOf } from './work-tree-walk.ts';
import { indexEntries } from './work-tree-state.ts';
import type { CheckedOut, Place, Workspaces } from './workspaces.ts';

export interface ClonesOptions {
  readonly git: Git;
  readonly host: CloneHost;
  readonly registry: RegistryId;
  readonly saving: Saving;
  readonly lendings: Lendings;
}

/** What of a clone's references matters. */
interface Tips {
  readonly head: string | null;
  readonly branch: string | null;
}

const NO_OBJECT = '0'.repeat(40);
/**
 * The one git process that reads a clone's configuration, which its runner may have written: it may fetch
 * nothing, from nobody, and run nothing. What else there could be git takes from its user alone.
 *
 * @see git-config(1), uploadpack.packObjectsHook; git-upload-pack(1), "SECURITY"
 */
const UPLOAD_PACK = "--upload-pack=GIT_ALLOW_PROTOCOL= GIT_NO_LAZY_FETCH=1 git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c core.alternateRefsCommand=true upload-pack";
/** Objects that a runner made are checked before they are let in, and nothing else is fetched along. */
const GUARDED_FETCH = ['-c', 'fetch.fsckObjects=true', 'fetch', '-q', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];

/**
 * Slots that are clones of their own, made anew for each attempt: objects are sent and not linked, so
 * that nothing a runner does there reaches the host's repository, and its configuration and hooks die
 * with it. The attempt's branch comes back as objects; git never runs by the clone's configuration.
 */
export class Clones implements Workspaces {
  readonly #options: ClonesOptions;

  constructor(options: ClonesOptions) {
    this.#options = options;
  }

  async takeBack(place: Place, lending: Lending | null): Promise<Result<null, PortError>> {
    const there = await lstat(place.path).catch(() => null);
    if (there === null) return ok(null);
    const { saving } = this.#options;
    if (there.isDirectory() && lending?.ready !== false) {
      const holding = await this.#fetchBack(place, lending);
      if (!holding.ok) return holding;
      const saved = await saving.save(holding.value);
      if (!saved.ok) return saved;
      await saving.settle(place, lending);
      if (holding.value.strayCommits) await this.#inHost(['update-ref', '-d', this.#passingRef(place)], place);
    }
    return clearFolder(place.path);
  }

  /** Brings the attempt's branch home, and says what else there is to compare and keep. */
  async #fetchBack(place: Place, lending: Lending | null): Promise<Result<Holding, PortError>> {
    const { saving } = this.#options;
    const repositories = await this.#repositories(place);
    if (!repositories.ok) return repositories;
    const own = await lstat(join(place.path, '.git')).catch(() => null);
    const tips = own?.isDirectory() === true && (await escapeOf(join(place.path, '.git'))) === null ? await this.#fetch(place, lending) : null;
    const kept = [lending?.branch == null ? null : `refs/heads/${lending.branch}`, lending?.base ?? null];
    const parent = tips?.head ?? (await saving.firstCommit(kept));
    const names = kept.filter((name) => name !== null);
    const stray = tips?.head == null || tips.head === tips.branch ? ok(false) : await saving.isStray(tips.head, names);
    if (!stray.ok) return stray;
    // What git cannot fetch is kept as it lies there.
    const source = { tree: parent, repositories: repositories.value, ownHistory: own?.isDirectory() === true && tips === null };
    return ok({ place, lending, parent, strayCommits: stray.value, staged: null, source });
  }

  async #repositories(place: Place): Promise<Result<readonly string[], PortError>> {
    const { git, lendings, host } = this.#options;
    const pristine = lendings.scratch(place.id, 'pristine');
    if ((await lstat(pristine).catch(() => null)) === null) return ok([]);
    // As it was checked out, and not the clone's: the runner may have written that.
    const entries = await indexEntries(git, { cwd: place.path, gitDir: host.gitDir, index: pristine }, false);
    if (!entries.ok) return entries;
    return ok((await leftoversOf(place.path, entries.value)).repositories);
  }

  /** Where a head that is not the branch's is kept until it is salvage. */
  #passingRef({ id }: Place): string {
    return `refs/dispatcher/${shortRegistryId(this.#options.registry)}/${id}`;
  }

  /** `null` when the clone is none that can be fetched from. */
  async #fetch(place: Place, lending: Lending | null): Promise<Tips | null> {
    const clone = join(place.path, '.git');
    const listed = await this.#inHost(['ls-remote', '--quiet', UPLOAD_PACK, '--', clone], place);
    if (!listed.ok) return null;
    const refs = new Map(listed.stdout.toString('utf8').split('\n').map((line): [string, string] => [line.slice(line.indexOf('\t') + 1), line.slice(0, line.indexOf('\t'))]));
    const branch = lending?.branch == null ? null : (refs.get(`refs/heads/${lending.branch}`) ?? null);
    const head = refs.get('HEAD') ?? null;
    const passing = this.#passingRef(place);
    const refspecs = [
      ...(lending === null || branch === null ? [] : [`+refs/heads/${lending.branch}:refs/heads/${lending.branch}`]),
      ...(head === null || head === branch ? [] : [`+HEAD:${passing}`]),
    ];
    const fetched = refspecs.length === 0 ? null : await this.#inHost([...GUARDED_FETCH, UPLOAD_PACK, '--', clone, ...refspecs], place);
    if (fetched?.ok === false) return null;
    return { head, branch };
  }

  async checkOut(place: Place, name: AttemptName): Promise<Result<CheckedOut, PortError>> {
    const base = await this.#options.host.base();
    if (!base.ok) return base;
    const branch = await this.#reserve(name, base.value);
    if (!branch.ok) return branch;
    const cloned = await this.#clone(place, branch.value);
    return cloned.ok ? ok({ branch: branch.value, base: base.value }) : cloned;
  }

  /** Makes the branch in the host's repository: the name is taken from now on. */
  async #reserve(name: AttemptName, base: string): Promise<Result<string, PortError>> {
    const { git, host, registry } = this.#options;
    let reason = '';
    for (const branch of branchNames(name, registry)) {
      const place = { cwd: host.gitDir, gitDir: host.gitDir };
      const make = (...before: readonly string[]) =>
        git.run(['update-ref', '-m', `${MADE}made for an attempt`, `refs/heads/${branch}`, base, ...before], place);
      const made = await make(NO_OBJECT.padEnd(base.length, '0'));
      if (made.ok) return ok(branch);
      // Made for this very attempt before it was claimed: its beginning is as good as a new one.
      if (await isUntouched(host.gitDir, branch, registry)) {
        const present = await git.run(['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`], place);
        if (present.ok && (lineOf(present) === base || (await make(lineOf(present))).ok)) return ok(branch);
      }
      reason ||= complaintOf(made);
    }
    return err(portError('transient', `cannot make a branch: ${reason}`));
  }

  async #clone(place: Place, branch: string): Promise<Result<null, PortError>> {
    const { git, host, lendings } = this.#options;
    const { path } = place;
    await mkdir(path, { recursive: true, mode: 0o700 });
    const gitDir = join(path, '.git');
    const inClone = { cwd: path, gitDir, workTree: path, slot: path };
    const fetch = ['fetch', '-q', '--no-write-fetch-head', '--no-recurse-submodules', '--no-auto-gc', '--no-tags', '--', host.gitDir];
    const steps: readonly (readonly string[])[] = [
      ['init', '-q', `--object-format=${host.format}`, path],
      [...fetch, `+refs/heads/${branch}:refs/heads/${branch}`, '+refs/tags/*:refs/tags/*'],
      [...fetch, ...host.branches],
      ['checkout', '-q', '-f', branch, '--'],
    ];
    for (const [i, args] of steps.entries()) {
      const done = await git.run(args, i === 0 ? { cwd: path, slot: path } : inClone);
      if (!done.ok) return err(gitError(`cannot clone into ${path}`, done));
    }
    const url = host.origin.replaceAll('\\', String.raw`\\`).replaceAll('"', String.raw`\"`);
    await appendFile(join(gitDir, 'config'), `[remote "origin"]\n\turl = "${url}"\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`);
    await copyFile(join(gitDir, 'index'), lendings.scratch(place.id, 'pristine'));
    return ok(null);
  }

  /** Everything in it that is not in the host's repository yet is saved first. */
  async discard(place: Place, lending: Lending | null): Promise<Result<boolean, PortError>> {
    const taken = await this.takeBack(place, lending);
    return taken.ok ? ok(true) : taken;
  }

  #inHost(args: readonly string[], { path }: Place): Promise<GitOutcome> {
    const { git, host } = this.#options;
    return git.run(args, { cwd: host.gitDir, gitDir: host.gitDir, slot: path });
  }
}
