import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { DispatcherOutput } from '../machines/dispatcher/context.ts';
import type { Configuration } from './config/configuration.ts';
import { portError, type PortError } from './domain/failures.ts';
import { shortRegistryId, type RegistryId } from './domain/ids.ts';
import { err, ok, type Result } from './domain/result.ts';
import type { PoolSettings } from './domain/settings.ts';
import { createLocalProcessLauncher } from './launchers/local-process/launcher.ts';
import { systemEntropy } from './platform/entropy.ts';
import { fileEventJournal } from './platform/event-journal.ts';
import { createInbox } from './platform/inbox.ts';
import { holderOfThisProcess, systemProcessTable } from './platform/process-table.ts';
import { systemClock } from './platform/system-clock.ts';
import type { Launcher } from './ports/launcher.ts';
import type { Holder, OpenAttempt, TaskRegistry } from './ports/task-registry.ts';
import type { Telemetry } from './ports/telemetry.ts';
import { openRegistry, openRegistryForReading, openRegistryForWriting } from './registry/open.ts';
import { createDirectoryPool } from './repo-pool/directory-pool.ts';
import { ask } from './runtime/ask.ts';
import { createDispatcherActor, type DispatcherActor } from './runtime/dispatcher-actor.ts';
import type { Office, Ports } from './runtime/ports.ts';
import { serveApi, type Api } from './server/serve-api.ts';

export interface DispatcherOptions {
  /** End when nothing is left to do. */
  readonly untilIdle?: boolean;
  readonly telemetry?: Telemetry;
  /** Whether to serve the HTTP API; default true. */
  readonly api?: boolean;
}

/** Why a dispatcher could not be opened; `heldBy` names the process that has the registry. */
export type OpenFailure = PortError & { readonly heldBy?: Holder };

/** A dispatcher in this process. Opened, it holds the registry; started, it works. */
export interface Dispatcher {
  readonly registry: TaskRegistry;
  readonly registryId: RegistryId;
  /** Begins to work: recovers what an earlier one left, then takes what is ready. */
  start(): void;
  /** Resolves when it has come to its end, whatever the reason; the registry is still open then. */
  readonly finished: Promise<DispatcherOutput>;
  /** Address of the HTTP API once it listens; `null` without one. */
  readonly api: Promise<Result<string | null, PortError>>;
  /** As the first signal does; called again, as the second. */
  shutdown(reason: string): void;
  /** Frees everything; runners that were left go on. */
  close(): Promise<void>;
}

/** The registry of this configuration to read, also beside a live dispatcher; `notFound` before its first use. */
export const readRegistry = ({ registry: { path } }: Configuration): Promise<Result<TaskRegistry, PortError>> =>
  openRegistryForReading({ path });

/** Another command may have the registry for a moment. */
const LOCK_PATIENCE_MS = 5000;

/** The registry of this configuration for one command's writes, while no dispatcher has it. */
export const writeRegistry = ({ registry: { path, synchronous } }: Configuration): Promise<Result<TaskRegistry, OpenFailure>> =>
  openRegistryForWriting({ path, synchronous, holder: holderOfThisProcess(), waitMs: LOCK_PATIENCE_MS });

/** Of the dispatcher's environment every runner gets these, and nothing else that nobody named. */
const PASSED_ON = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR', 'TERM'];

const environmentForRunners = (): Readonly<Record<string, string>> =>
  Object.fromEntries(PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));

const defaultSlotsDir = (id: RegistryId): string =>
  join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'dispatcher', shortRegistryId(id), 'slots');

const silent: Telemetry = { tell: () => undefined };

/** Pools that only an open attempt still names: they take nothing, and see what they have to its end. */
const retiredPools = (configured: readonly PoolSettings[], open: readonly OpenAttempt[]): readonly PoolSettings[] => {
  const known = new Set(configured.map(({ name }) => name));
  const names = new Set(open.map(({ attempt }) => attempt.pool).filter((name) => !known.has(name)));
  return [...names].map((name) => ({
    name,
    type: 'local-process',
    enabled: false,
    maxConcurrency: 0,
    cpuQuota: null,
    memoryQuota: null,
    defaultResources: { cpu: 0, memory: 0 },
    timeoutMs: null,
    breaker: { failures: 5, cooldownMs: 30_000 },
    command: null,
    env: {},
  }));
};

/** What was opened so far, to be closed again in reverse order. */
class Closers {
  readonly #closers: (() => Promise<unknown>)[] = [];
  add(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }
  async close(): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) await close();
  }
}

const outcomeOf = (actor: DispatcherActor): Promise<DispatcherOutput> =>
  new Promise((resolve) => {
    const broken = (error: unknown): void => {
      const text = error instanceof Error ? error.message : String(error);
      resolve({ failure: `internal error: ${text}`, reason: text });
    };
    actor.subscribe({
      complete: () => resolve(actor.getSnapshot().output ?? { failure: 'ended without an outcome', reason: '' }),
      error: broken,
    });
  });

/**
 * Opens a dispatcher: registry with its lock, launchers, slots, and the actor system, not yet started.
 *
 * @returns `unavailable` with `heldBy` when another dispatcher has the registry
 */
export const openDispatcher = async (
  configuration: Configuration,
  options: DispatcherOptions = {},
): Promise<Result<Dispatcher, OpenFailure>> => {
  const closers = new Closers();
  const opened = await assemble(configuration, options, closers);
  if (!opened.ok) await closers.close();
  return opened;
};

const openLaunchers = async (
  stateDir: string,
  registryId: RegistryId,
  closers: Closers,
): Promise<Result<Map<'local-process', Launcher>, PortError>> => {
  const local = await createLocalProcessLauncher({ stateDir, registryId, processes: systemProcessTable() });
  if (!local.ok) return local;
  closers.add(() => ask<null>((reply) => local.value.close(reply)));
  return ok(new Map([['local-process', local.value]]));
};

const assemble = async (
  configuration: Configuration,
  { untilIdle = false, telemetry = silent, api: withApi = true }: DispatcherOptions,
  closers: Closers,
): Promise<Result<Dispatcher, OpenFailure>> => {
  const { stateDir } = configuration;
  const holder = holderOfThisProcess();
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(portError('permanent', `state_dir ${stateDir} cannot be made (${why}); name another one`));
  }
  const { path, synchronous } = configuration.registry;
  const opened = await openRegistry({ path, synchronous, holder });
  if (!opened.ok) return opened;
  const registry = opened.value;
  closers.add(() => ask<null>((reply) => registry.close(reply)));
  const clock = systemClock();
  const office = await ask<{ readonly epoch: number }>((reply) => registry.takeOffice({ holder, at: clock.wall() }, reply));
  if (!office.ok) return office;
  const open = await ask<readonly OpenAttempt[]>((reply) => registry.openAttempts(reply));
  if (!open.ok) return open;
  const launchers = await openLaunchers(stateDir, registry.id, closers);
  if (!launchers.ok) return launchers;
  const { baseDir, slots } = configuration.repoPool;
  const inbox = createInbox((error) => {
    const message = error instanceof Error ? error.message : String(error);
    telemetry.tell({ type: 'trouble', message: `internal error: ${message}`, task: null, pool: null });
  });
  const ports: Ports = {
    clock,
    inbox,
    entropy: systemEntropy(),
    registry,
    repoPool: createDirectoryPool({ baseDir: baseDir ?? defaultSlotsDir(registry.id), slots }),
    launchers: launchers.value,
    journal: fileEventJournal(join(stateDir, 'events-fallback.jsonl')),
    telemetry,
  };
  let api: Api | null = null;
  const terms: Office = {
    registryId: registry.id,
    epoch: office.value.epoch,
    runsDir: join(stateDir, 'runs'),
    baseEnv: environmentForRunners(),
    url: () => api?.url ?? null,
  };
  const pools = [...configuration.pools, ...retiredPools(configuration.pools, open.value)];
  const actor = createDispatcherActor(ports, terms, { settings: configuration.dispatcher, pools, untilIdle });
  registry.onNews(() => inbox.post(() => actor.send({ type: 'registry.changed' })));
  const serving = async (): Promise<Result<string | null, PortError>> => {
    if (!withApi) return ok(null);
    const served = await serveApi({ configuration, pools, registry, actor, now: () => clock.wall() });
    if (served.ok) api = served.value;
    return served.ok ? ok(served.value.url) : served;
  };
  const serves = serving();
  // A short run may be over before the API listens: then that is awaited, or `endpoint.json` would stay.
  closers.add(() => serves.then(() => api?.close()));
  return ok({
    registry,
    registryId: registry.id,
    start: () => void actor.start(),
    finished: outcomeOf(actor),
    api: serves,
    shutdown: (reason) => inbox.post(() => actor.send({ type: 'shutdown.request', reason })),
    close: () => closers.close(),
  });
};
