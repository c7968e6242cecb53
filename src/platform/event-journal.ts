import { appendFile, open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { portError } from '../domain/failures.ts';
import { err, ok } from '../domain/result.ts';
import { EVENT_TYPES } from '../domain/events.ts';
import type { EventJournal, KeyedEvent } from '../ports/event-journal.ts';
import type { Reply } from '../ports/reply.ts';

/** Bytes. It is read in one piece, and about 50,000 events say enough about an outage. */
const LARGEST = 16 * 1024 * 1024;

const lineSchema = z.object({
  key: z.string(),
  event: z.object({
    type: z.enum(EVENT_TYPES),
    at: z.number(),
    actor: z.string(),
    spec: z.string().nullable(),
    taskId: z.string().nullable(),
    attempt: z.number().nullable(),
    runnerId: z.string().nullable(),
    slotId: z.string().nullable(),
    pool: z.string().nullable(),
    durationMs: z.number().nullable(),
    details: z.record(z.string(), z.unknown()),
  }),
});

const parseLine = (line: string): KeyedEvent | null => {
  try {
    // The brands of the ids are ours: this file is written by nobody else.
    return lineSchema.parse(JSON.parse(line)) as KeyedEvent;
  } catch {
    return null;
  }
};

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

const endsInMidLine = async (file: FileHandle, size: number): Promise<boolean> => {
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== 0x0a;
};

/**
 * Events as JSON lines in one file, each append forced to disk before it is answered. What is being
 * replayed is set aside as `<path>.replay` until it is cleared, so that an append never gets in
 * between; lines that nobody can read are kept in `<path>.unreadable`. Calls are carried out in order.
 */
class FileEventJournal implements EventJournal {
  readonly #path: string;
  #unreadable: readonly string[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  append(events: readonly KeyedEvent[], reply: Reply<null>): void {
    this.#inOrder('cannot append to', () => this.#append(events.map((event) => `${JSON.stringify(event)}\n`).join('')), reply);
  }

  read(reply: Reply<readonly KeyedEvent[]>): void {
    this.#inOrder('cannot read', () => this.#read(), reply);
  }

  clear(reply: Reply<null>): void {
    this.#inOrder('cannot clear', () => this.#clear(), reply);
  }

  #inOrder<T>(what: string, work: () => Promise<T>, reply: Reply<T>): void {
    const done = this.#last.then(work).then(
      (value) => ok(value),
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        const mend = 'check the permissions of its folder and the free space';
        return err(portError('transient', `${what} the event journal ${this.#path} (${why}); ${mend}`));
      },
    );
    this.#last = done;
    void done.then(reply);
  }

  async #append(text: string): Promise<null> {
    const file = await open(this.#path, 'a+', 0o600);
    try {
      const { size } = await file.stat();
      if (size + text.length > LARGEST) throw new Error(`it has reached ${LARGEST} bytes`);
      try {
        // A write that was cut off by a crash must not spoil the line that comes after it.
        await file.appendFile((await endsInMidLine(file, size)) ? `\n${text}` : text);
        await file.datasync();
      } catch (error) {
        await file.truncate(size).catch(() => undefined);
        throw error;
      }
      if (size === 0) await syncFolder(this.#path);
    } finally {
      await file.close();
    }
    return null;
  }

  async #read(): Promise<readonly KeyedEvent[]> {
    try {
      await stat(this.#replay);
    } catch (error) {
      if (!isMissing(error)) throw error;
      try {
        await rename(this.#path, this.#replay);
      } catch (missing) {
        if (isMissing(missing)) return [];
        throw missing;
      }
    }
    const text = await readFile(this.#replay, 'utf8');
    const lines = text.split('\n').filter((line) => line !== '');
    const parsed = lines.map((line) => ({ line, event: parseLine(line) }));
    this.#unreadable = parsed.flatMap(({ line, event }) => (event === null ? [line] : []));
    const events = parsed.flatMap(({ event }) => event ?? []);
    // Nothing to store, so nobody will clear it.
    if (events.length === 0) await this.#clear();
    return events;
  }

  async #clear(): Promise<null> {
    if (this.#unreadable.length > 0) {
      await appendFile(`${this.#path}.unreadable`, this.#unreadable.map((line) => `${line}\n`).join(''), { mode: 0o600, flush: true });
      this.#unreadable = [];
    }
    await rm(this.#replay, { force: true });
    return null;
  }

  get #replay(): string {
    return `${this.#path}.replay`;
  }
}

/** @param path absolute; its folder exists */
export const fileEventJournal = (path: string): EventJournal => new FileEventJournal(path);
