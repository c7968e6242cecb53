import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { portError, type PortError } from '../domain/failures.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { Holder, TaskRegistry } from '../ports/task-registry.ts';
import { TransportedRegistry } from './core/transported-registry.ts';
import { takeLock, type OpenError, type RegistryLock } from './lock.ts';
import { standBy, type StandbyOptions } from './standby.ts';
import { directTransport } from './sqlite/direct-transport.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';
import { WorkerTransport } from './sqlite/worker-transport.ts';

export type { OpenError } from './lock.ts';
export type { StandbyOptions } from './standby.ts';

export interface OpenForWriting {
  /** Of the database; a relative one is taken from the working directory. */
  readonly path: string;
  readonly synchronous: 'normal' | 'full';
  /** Who opens it, for the next one who wants to. */
  readonly holder: Holder;
  /** How long to wait while another process has it; ms, default 0. */
  readonly waitMs?: number;
}

export interface OpenForDispatcher extends OpenForWriting {
  /** Waits until nobody else has it, and ends a holder that hangs. */
  readonly standby?: StandbyOptions;
}

/** How long SQLite itself waits for a stranger's lock, by how much it matters that the thread is blocked; ms. */
const BUSY_IN_WORKER_MS = 50;
const BUSY_IN_COMMAND_MS = 5_000;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const kindOfPath = (path: string): 'file' | 'folder' | 'missing' | 'unreachable' => {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? 'missing' : 'unreachable';
  }
};

const isFolder = (path: string): PortError =>
  portError('permanent', `registry ${path} is a folder; name a file in it, such as ${path}/registry.db`);

/** Makes the folder, takes the lock. */
const prepare = async (
  path: string,
  beats: boolean,
  { holder, waitMs, standby }: OpenForDispatcher,
): Promise<Result<RegistryLock, OpenError>> => {
  if (kindOfPath(path) === 'folder') return err(isFolder(path));
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    const mend = 'make it, or name another place in registry.path';
    return err(portError('permanent', `registry ${path}: its folder cannot be made (${reason(error)}); ${mend}`));
  }
  const request = { path, holder, beats };
  return standby === undefined ? takeLock(request, waitMs ?? 0) : standBy(request, standby);
};

/**
 * For a dispatcher: makes folder and file where they are missing, takes the lock for the life of the
 * process, brings the schema up to date and starts the writer thread. Closing frees the lock.
 *
 * Errors: `unavailable` with `heldBy` when another process has it, or when standing by was ended; `permanent` for a file that is no
 * registry, a newer schema, a place that cannot be written.
 */
export const openRegistry = async (options: OpenForDispatcher): Promise<Result<TaskRegistry, OpenError>> => {
  const path = resolve(options.path);
  const lock = await prepare(path, true, options);
  if (!lock.ok) return lock;
  const store = { path, synchronous: options.synchronous, busyTimeoutMs: BUSY_IN_WORKER_MS };
  const opened = await WorkerTransport.open(store, () => lock.value.release());
  if (opened.ok) return ok(new TransportedRegistry(opened.value.id, opened.value.transport));
  lock.value.release();
  return opened;
};

/** For a command while no dispatcher runs: the same lock and checks, without a thread; every call blocks. */
export const openRegistryForWriting = async (options: OpenForWriting): Promise<Result<TaskRegistry, OpenError>> => {
  const path = resolve(options.path);
  const lock = await prepare(path, false, options);
  if (!lock.ok) return lock;
  const opened = SqliteStore.openForWriting({
    path,
    synchronous: options.synchronous,
    busyTimeoutMs: BUSY_IN_COMMAND_MS,
  });
  if (opened.ok) {
    const transport = directTransport(opened.value, 'write', () => lock.value.release());
    return ok(new TransportedRegistry(opened.value.id, transport));
  }
  lock.value.release();
  return opened;
};

/**
 * For reading, also beside a live dispatcher: no lock, nothing made, nothing changed; calls that write
 * are `invalid`. Errors: `notFound` when there is no registry yet; `permanent` as for a dispatcher.
 */
export const openRegistryForReading = (options: {
  readonly path: string;
}): Promise<Result<TaskRegistry, PortError>> => {
  const path = resolve(options.path);
  return Promise.resolve(openToRead(path, kindOfPath(path)));
};

const openToRead = (path: string, kind: ReturnType<typeof kindOfPath>): Result<TaskRegistry, PortError> => {
  if (kind === 'missing') {
    return err(portError('notFound', `there is no registry at ${path}: no dispatcher has used it yet`));
  }
  if (kind === 'folder') return err(isFolder(path));
  const opened = SqliteStore.openForReading(path, BUSY_IN_COMMAND_MS);
  if (!opened.ok) return opened;
  return ok(new TransportedRegistry(opened.value.id, directTransport(opened.value, 'read', () => {})));
};
