import { open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { portError, type PortError } from '../domain/failures.ts';
import type { RunnerId } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { Reply } from '../ports/reply.ts';
import type { RecalledReport, ReportStore } from '../ports/report-store.ts';

const SPOKEN = '.spoken';
const COMPLETION = '.complete';

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

const failure = (path: string, error: unknown): Result<never, PortError> =>
  err(portError('transient', `${path}: ${error instanceof Error ? error.message : String(error)}`));

const exists = async (path: string): Promise<boolean> => {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
};

/** Whole or not at all, also after a power cut. */
const writeWhole = async (path: string, text: string): Promise<void> => {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
};

/**
 * Reports as files of one folder of the dispatcher's own, named after their runners. They lie outside of the
 * run directories, which are the runners' to write to and, of those that said nothing, used again.
 */
class ReportFiles implements ReportStore {
  readonly #folder: string;
  /** What is being written for a runner; what comes later waits for it. */
  readonly #writes = new Map<RunnerId, Promise<unknown>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  #path(id: RunnerId, kind: string): string {
    return join(this.#folder, `${id}${kind}`);
  }

  /** In the order of the calls, and without one that waits for ever on a broken disk holding up the others. */
  #queued<T>(id: RunnerId, act: () => Promise<T>): Promise<T> {
    const turn = (this.#writes.get(id) ?? Promise.resolve()).then(act);
    const over = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#writes.set(id, over);
    void over.then(() => this.#writes.get(id) === over && this.#writes.delete(id));
    return turn;
  }

  noteSpoken(id: RunnerId): void {
    // Should it be lost, the runner has to speak once more before its silence counts.
    this.#queued(id, () => writeFile(this.#path(id, SPOKEN), '', { mode: 0o600 })).catch(() => undefined);
  }

  keepCompletion(id: RunnerId, completion: { readonly text: string; readonly at: number }, reply: Reply<null>): void {
    const path = this.#path(id, COMPLETION);
    this.#queued(id, () => writeWhole(path, `${completion.at}\n${completion.text}`)).then(
      () => reply(ok(null)),
      (error: unknown) => reply(failure(path, error)),
    );
  }

  recall(id: RunnerId, reply: Reply<RecalledReport>): void {
    this.#queued(id, () => this.#read(id)).then(
      (report) => reply(ok(report)),
      (error: unknown) => reply(failure(this.#path(id, COMPLETION), error)),
    );
  }

  async #read(id: RunnerId): Promise<RecalledReport> {
    const whole = await readFile(this.#path(id, COMPLETION), 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return null;
      throw error;
    });
    if (whole === null) return { spoken: await exists(this.#path(id, SPOKEN)), completion: null };
    const end = whole.indexOf('\n');
    return { spoken: true, completion: { at: Number(whole.slice(0, end)), text: whole.slice(end + 1) } };
  }

  forget(id: RunnerId): void {
    void this.#queued(id, () =>
      Promise.allSettled([SPOKEN, COMPLETION].map((kind) => rm(this.#path(id, kind), { force: true }))),
    );
  }
}

/** Removes what a kill between an outcome and its forgetting left. */
const removeForgotten = async (folder: string, isOpen: (id: string) => boolean): Promise<void> => {
  const names = await readdir(folder);
  const stale = names.filter((name) => !isOpen(name.slice(0, name.indexOf('.'))));
  await Promise.allSettled(stale.map((name) => rm(join(folder, name), { force: true })));
};

/**
 * Opens, and makes, the folder.
 *
 * @param isOpen whether a runner of this name may still be asked for; files of others are removed
 */
export const fileReports = (folder: string, isOpen: (id: string) => boolean): Result<ReportStore, PortError> => {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    return failure(folder, error);
  }
  void removeForgotten(folder, isOpen).catch(() => undefined);
  return ok(new ReportFiles(folder));
};
