import { constants } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import type { RunnerId } from '../../domain/ids.ts';
import type { ProcessTable } from '../../ports/process-table.ts';
import { escapeField, parseLine, type EntryFailure, type JournalLine, type SpokenLine } from './journal-line.ts';

/** One runner as its journal has it. `exit` is null while nobody saw it end. */
export interface RunnerRecord {
  readonly id: RunnerId;
  readonly pid: number;
  readonly startTime: string;
  readonly runDir: string;
  /** Its leader is bubblewrap, with which all inside dies. */
  readonly sandboxed: boolean;
  readonly exit: RecordedExit | null;
}

export interface RecordedExit {
  readonly exitCode: number | null;
  /** By number. */
  readonly signal: number | null;
  readonly at: number;
  /** It left processes behind. */
  readonly strays: boolean;
}

export type LineageNews =
  | { readonly kind: 'exited'; readonly record: RunnerRecord }
  | { readonly kind: 'failed'; readonly id: RunnerId; readonly failure: EntryFailure }
  | SpokenLine
  /** It has written down that it accepts no more starts. */
  | { readonly kind: 'closed' }
  /** It is proven dead and its journal read to the end: nothing more will come. */
  | { readonly kind: 'died' };

/** What the server itself has to complain about. */
export const logPathOf = (journalPath: string): string => journalPath.replace(/\.journal$/, '.log');

const READ_SIZE = 1 << 18;

/** One fork-server, living or dead, and all it wrote down. Fed by its report pipe or by reading its journal. */
export class Lineage {
  readonly journalPath: string;
  readonly runners = new Map<RunnerId, RunnerRecord>();
  /** Starts that failed for certain; their run folders are no sign of a start. */
  readonly failed = new Set<RunnerId>();
  server: { readonly pid: number; readonly startTime: string; readonly bootId: string } | null = null;
  closed = false;
  dead = false;
  /** Bytes of the journal taken in so far. */
  #offset = 0;
  #reading: Promise<void> = Promise.resolve();
  #writing: Promise<void> = Promise.resolve();
  #removed = false;
  readonly #listeners = new Set<(news: LineageNews) => void>();

  constructor(journalPath: string) {
    this.journalPath = journalPath;
  }

  /** Returns how to stop listening. */
  listen(listener: (news: LineageNews) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** ms since its journal was named. */
  get age(): number {
    return Date.now() - Number(/\.(\d+)-[^/]*$/.exec(this.journalPath)?.[1] ?? Date.now());
  }

  /** No start can come of it any more. */
  get intakeOver(): boolean {
    return this.closed || this.dead;
  }

  isServerAlive(processes: ProcessTable): boolean {
    const { server } = this;
    if (this.dead || server === null || server.bootId !== processes.bootId()) return false;
    return processes.isAlive(server.pid, server.startTime);
  }

  markDead(): void {
    if (this.dead) return;
    this.dead = true;
    this.#tell({ kind: 'died' });
  }

  /** Takes in a line of the journal, without its end. */
  take(line: string): void {
    this.#offset += Buffer.byteLength(line) + 1;
    const parsed = parseLine(line);
    if (parsed !== null) this.#apply(parsed);
  }

  /** Hears what was said beside the journal. */
  hear(line: string): void {
    const parsed = parseLine(line);
    if (parsed !== null) this.#apply(parsed);
  }

  /** Resolves when the condition, asked at each piece of news, holds, or time is up. */
  async until(holds: () => boolean, patienceMs: number): Promise<void> {
    if (holds()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, patienceMs);
    const deaf = this.listen(() => holds() && resolve());
    await promise;
    clearTimeout(timer);
    deaf();
  }

  /** Writes into the journal of a server that takes no commands any more. */
  noteForgotten(id: RunnerId): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      if (this.#removed) return;
      // Without O_CREAT: a journal that is gone stays gone.
      const file = await open(this.journalPath, constants.O_WRONLY | constants.O_APPEND).catch(() => null);
      await file?.write(`G\t${escapeField(id)}\n`).catch(() => {});
      await file?.close();
    });
    return this.#writing;
  }

  /** Once nothing in it can be asked for. */
  async removeFiles(): Promise<void> {
    this.#removed = true;
    await this.#writing;
    await rm(this.journalPath, { force: true });
    await rm(logPathOf(this.journalPath), { force: true });
  }

  /** Takes in what was added to the file; a line that is not whole yet is left for the next time. */
  readOn(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#readOn());
    return this.#reading;
  }

  async #readOn(): Promise<void> {
    const file = await open(this.journalPath, 'r').catch(() => null);
    if (file === null) return;
    try {
      const buffer = Buffer.allocUnsafe(READ_SIZE);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, READ_SIZE, this.#offset);
        const end = buffer.subarray(0, bytesRead).lastIndexOf(0x0a);
        if (end < 0) return;
        for (const line of buffer.toString('utf8', 0, end).split('\n')) this.take(line);
      }
    } finally {
      await file.close();
    }
  }

  #apply(line: JournalLine | SpokenLine): void {
    switch (line.kind) {
      case 'header':
        this.server = line;
        return;
      case 'started':
        this.failed.delete(line.id);
        this.runners.set(line.id, { ...line, exit: null });
        return;
      case 'failed':
        this.runners.delete(line.id);
        this.failed.add(line.id);
        this.#tell(line);
        return;
      case 'exited': {
        const known = this.runners.get(line.id);
        if (known === undefined || known.pid !== line.pid) return;
        const record = { ...known, exit: line };
        this.runners.set(line.id, record);
        this.#tell({ kind: 'exited', record });
        return;
      }
      case 'forgotten':
        this.runners.delete(line.id);
        this.failed.delete(line.id);
        return;
      case 'closed':
        this.closed = true;
        this.#tell(line);
        return;
      default:
        this.#tell(line);
    }
  }

  #tell(news: LineageNews): void {
    for (const listener of this.#listeners) listener(news);
  }
}
