import { existsSync, readFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { readRegistry } from '../../app.ts';
import type { Configuration } from '../../config/configuration.ts';
import { formatDuration } from '../../domain/quantities.ts';
import { ask } from '../../runtime/ask.ts';
import { readEndpoint } from '../../server/endpoint-file.ts';
import { ApiClient } from '../client.ts';
import { doubtful, fine, ill, reasonOf, type Diagnosis } from './diagnosis.ts';

const holderSchema = z.object({ pid: z.number().int().positive(), host: z.string() });

/** A clock that is so far behind the last event was set back. */
const CLOCK_SLACK_MS = 60_000;

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}/stat`);

const holderOf = (path: string): z.infer<typeof holderSchema> | null => {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(`${path}.holder.json`, 'utf8')));
  } catch {
    return null;
  }
};

/** Who has it for itself: a live dispatcher, a command, or nobody. */
const holding = async ({ registry: { path }, stateDir }: Configuration): Promise<Diagnosis> => {
  const client = await ApiClient.connect(stateDir);
  if (client !== null) return fine('dispatcher', `process ${readEndpoint(stateDir)?.pid ?? 'unknown'} works here, API at ${client.url}`);
  const holder = holderOf(path);
  if (holder === null || !isAlive(holder.pid)) return fine('dispatcher', 'none runs');
  const text = `process ${holder.pid} on ${holder.host} has the registry, but answers no API`;
  return doubtful('dispatcher', text, 'wait for it, or end that process');
};

/** Reads the whole file once; both checks need the file itself, which the registry's port does not show. */
const insides = (path: string): readonly Diagnosis[] => {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    const { quick_check: verdict } = db.prepare('PRAGMA quick_check(1)').get() ?? {};
    const last = Number(db.prepare('SELECT at FROM event ORDER BY seq DESC LIMIT 1').get()?.['at'] ?? 0);
    const behind = last - Date.now();
    const clock =
      behind > CLOCK_SLACK_MS
        ? doubtful('clock', `the clock is ${formatDuration(behind)} behind the last event`, 'set the clock; back-offs wait for it')
        : fine('clock', new Date().toISOString());
    if (verdict !== 'ok') {
      return [ill('registry', `${path} is damaged: ${String(verdict)}`, 'stop the dispatcher and bring back a backup of the file'), clock];
    }
    return [fine('registry', `${path}, whole`), clock];
  } finally {
    db.close();
  }
};

const contents = async (configuration: Configuration): Promise<readonly Diagnosis[]> => {
  const { path } = configuration.registry;
  const opened = await readRegistry(configuration);
  if (!opened.ok && opened.error.kind === 'notFound') return [fine('registry', `none at ${path} yet; the first start makes it`)];
  if (!opened.ok) return [ill('registry', opened.error.message, 'see there')];
  await ask<null>((reply) => opened.value.close(reply));
  try {
    return insides(path);
  } catch (error) {
    return [ill('registry', `${path} cannot be read (${reasonOf(error)})`, 'check the disk; bring back a backup of the file')];
  }
};

/** Whoever may write the registry may have anything run. */
const fileMode = ({ registry: { path } }: Configuration): readonly Diagnosis[] => {
  if (!existsSync(path) || (statSync(path).mode & 0o022) === 0) return [];
  return [ill('registry', `others may write ${path}`, `chmod go-w ${JSON.stringify(path)}`)];
};

export const registry = async (configuration: Configuration): Promise<readonly Diagnosis[]> => [
  ...(await contents(configuration)),
  ...fileMode(configuration),
  await holding(configuration),
];
