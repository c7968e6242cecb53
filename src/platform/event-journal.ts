import { open, readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { portError } from '../domain/failures.ts';
import { err, ok } from '../domain/result.ts';
import { EVENT_TYPES } from '../domain/events.ts';
import type { EventJournal, KeyedEvent } from '../ports/event-journal.ts';

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

const failed = (what: string, path: string, error: unknown) =>
  err(portError('transient', `${what} ${path}: ${error instanceof Error ? error.message : String(error)}`));

/** Events as JSON lines in one file, each append forced to disk before it is answered. */
export const fileEventJournal = (path: string): EventJournal => ({
  append: (events, reply) => {
    const text = events.map((event) => `${JSON.stringify(event)}\n`).join('');
    const write = async (): Promise<void> => {
      const file = await open(path, 'a', 0o600);
      try {
        await file.appendFile(text);
        await file.datasync();
      } finally {
        await file.close();
      }
    };
    write().then(
      () => reply(ok(null)),
      (error: unknown) => reply(failed('cannot append to', path, error)),
    );
  },
  read: (reply) => {
    readFile(path, 'utf8').then(
      (text) => reply(ok(text.split('\n').flatMap((line) => parseLine(line) ?? []))),
      (error: NodeJS.ErrnoException) =>
        reply(error.code === 'ENOENT' ? ok([]) : failed('cannot read', path, error)),
    );
  },
  clear: (reply) => {
    rm(path, { force: true }).then(
      () => reply(ok(null)),
      (error: unknown) => reply(failed('cannot remove', path, error)),
    );
  },
});
