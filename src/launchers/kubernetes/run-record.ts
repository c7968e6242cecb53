import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunnerId } from '../../domain/ids.ts';
import type { FinalEvent } from '../endings.ts';
import type { JobHandle } from '../../ports/launcher.ts';
import type { RunTerms } from './run-terms.ts';

/**
 * What the run directory remembers of a Job: that it was made, and how it ended. A Job that somebody
 * deleted, or that was stopped just before we died, has no other trace; without one it would be
 * started once more under the same attempt.
 */

const MADE = 'job.json';
const ENDED = 'end.json';

const madeSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  terms: z.object({ scheduleTimeoutMs: z.number(), limitMb: z.number().nullable() }),
});

export interface MadeJob {
  readonly handle: JobHandle;
  readonly terms: RunTerms;
}

const causeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('outOfMemory'), limitMb: z.number().nullable() }),
  z.object({ kind: z.literal('notStarted'), reason: z.string(), retryable: z.boolean() }),
  z.object({ kind: z.literal('evicted'), reason: z.string() }),
  z.object({ kind: z.literal('timedOut'), reason: z.string() }),
]);

const endSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('vanished'), reason: z.string() }),
  z.object({
    kind: z.literal('exited'),
    exit: z.object({
      exitCode: z.number().nullable(),
      signal: z.string().nullable(),
      at: z.number(),
      result: z.string().nullable(),
      cause: causeSchema.exactOptional(),
    }),
  }),
]);

const writeDurably = async (runDir: string, name: string, value: unknown): Promise<void> => {
  const path = join(runDir, name);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(value));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
};

const readIfThere = async <T>(runDir: string, name: string, schema: z.ZodType<T>): Promise<T | null> => {
  try {
    return schema.parse(JSON.parse(await readFile(join(runDir, name), 'utf8')));
  } catch {
    return null;
  }
};

/** Makes the run directory with the attempt's context in it. */
export const makeRunDir = async (runDir: string, context: string): Promise<void> => {
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  const file = await open(join(runDir, 'context.json'), 'w', 0o600);
  try {
    await file.writeFile(context);
  } finally {
    await file.close();
  }
};

export const noteMade = ({ handle: { namespace, name, uid, runDir }, terms }: MadeJob): Promise<void> =>
  writeDurably(runDir, MADE, { namespace, name, uid, terms });

export const madeJob = async (runnerId: RunnerId, runDir: string): Promise<MadeJob | null> => {
  const made = await readIfThere(runDir, MADE, madeSchema);
  if (made === null) return null;
  const { terms, ...job } = made;
  return { handle: { kind: 'job', runnerId, ...job, runDir }, terms };
};

export const noteEnd = async (runDir: string, end: FinalEvent): Promise<void> => {
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  await writeDurably(runDir, ENDED, end);
};

export const endOf = (runDir: string): Promise<FinalEvent | null> => readIfThere<FinalEvent>(runDir, ENDED, endSchema);

/** It is settled, or never was: nobody asks any more. */
export const forgetRecord = async (runDir: string): Promise<void> => {
  await Promise.all([MADE, ENDED].map((name) => rm(join(runDir, name), { force: true })));
};
