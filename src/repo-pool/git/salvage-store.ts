import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Salvage, SalvagedWork } from '../../ports/salvage.ts';
import { complaintOf, gitError, type Git, type GitOutcome } from './git-command.ts';
import { SALVAGE } from './ref-names.ts';
import { SALVAGE_TRAILERS } from './salvage-trailers.ts';

/** Ends a record: no message has it. */
const END = '\u0001';
const FORMAT = '--format=%(refname)%00%(objectname)%00%(committerdate:unix)%00%(contents)%01';

const trailerIn = (message: string, name: string): string | null =>
  message.split('\n').findLast((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? null;

/** `null` for a reference that no dispatcher made. */
const workOf = (record: string): SalvagedWork | null => {
  const [ref = '', commit = '', seconds = '', message = ''] = record.trimStart().split('\0');
  const spec = trailerIn(message, SALVAGE_TRAILERS.spec);
  const id = trailerIn(message, SALVAGE_TRAILERS.id);
  const attempt = trailerIn(message, SALVAGE_TRAILERS.attempt);
  if (spec === null || id === null || attempt === null) return null;
  const branch = trailerIn(message, SALVAGE_TRAILERS.branch);
  const slot = trailerIn(message, SALVAGE_TRAILERS.slot) ?? '';
  return { spec, id, attempt: Number(attempt), ref, commit, at: Number(seconds) * 1000, slot, branch: branch === '' ? null : branch };
};

const inOrder = new Intl.Collator('en', { numeric: true });

const compare = (a: SalvagedWork, b: SalvagedWork): number =>
  inOrder.compare(a.spec, b.spec) || inOrder.compare(a.id, b.id) || a.attempt - b.attempt || inOrder.compare(a.ref, b.ref);

/** Salvage in the references of one repository. */
export class SalvageStore implements Salvage {
  readonly #git: Git;
  readonly #gitDir: string;

  constructor(git: Git, gitDir: string) {
    this.#git = git;
    this.#gitDir = gitDir;
  }

  async list(): Promise<Result<readonly SalvagedWork[], PortError>> {
    const found = await this.#run(['for-each-ref', FORMAT, SALVAGE]);
    if (!found.ok) return err(gitError(`cannot list ${SALVAGE}`, found));
    const records = found.stdout.toString('utf8').split(END).slice(0, -1);
    return ok(records.map(workOf).filter((work) => work !== null).toSorted(compare));
  }

  async changes({ commit }: SalvagedWork): Promise<Result<readonly string[], PortError>> {
    const found = await this.#run(['diff-tree', '-r', '--root', '--no-commit-id', '--no-renames', '--name-only', '--first-parent', '-m', commit]);
    if (!found.ok) return err(gitError(`cannot read ${commit}`, found));
    return ok(found.stdout.toString('utf8').split('\n').filter((line) => line !== ''));
  }

  async toBranch({ commit }: SalvagedWork, name: string, force: boolean): Promise<Result<null, PortError>> {
    const made = await this.#run(['branch', '--no-track', ...(force ? ['--force'] : []), '--', name, commit]);
    if (made.ok) return ok(null);
    const mend = /already exists/.test(made.stderr) ? '; give --branch NAME, or --force to move it' : '';
    return err(portError('invalid', `${complaintOf(made)}${mend}`));
  }

  async toFolder({ commit }: SalvagedWork, folder: string, force: boolean): Promise<Result<null, PortError>> {
    const scratch = await mkdtemp(join(tmpdir(), 'dispatcher-salvage-'));
    try {
      await mkdir(folder, { recursive: true });
      const present = await readdir(folder);
      if (present.length > 0 && !force) {
        return err(portError('invalid', `${folder} is not empty; name another folder, or give --force to overwrite files there`));
      }
      const place = { cwd: folder, gitDir: this.#gitDir, workTree: folder, index: join(scratch, 'index') };
      const read = await this.#git.run(['-c', 'core.sparseCheckout=false', 'read-tree', commit], place);
      if (!read.ok) return err(gitError(`cannot read ${commit}`, read));
      const written = await this.#git.run(['checkout-index', '-a', '-q', ...(force ? ['-f'] : [])], place);
      return written.ok ? ok(null) : err(gitError(`cannot write to ${folder}`, written));
    } catch (error) {
      return err(portError('invalid', `cannot write to ${folder}: ${error instanceof Error ? error.message : String(error)}`));
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  #run(args: readonly string[]): Promise<GitOutcome> {
    return this.#git.run(args, { cwd: this.#gitDir, gitDir: this.#gitDir });
  }
}
