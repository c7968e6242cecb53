import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import type { DispatcherOutput } from '../machines/dispatcher/context.ts';
import type { Configuration } from './config/configuration.ts';
import { loadSchedulingPolicy } from './config/load-scheduling-policy.ts';
import { portError, type PortError } from './domain/failures.ts';
import { shortRegistryId, type RegistryId } from './domain/ids.ts';
import { err, ok, type Result } from './domain/result.ts';
import type { EventDraft } from './domain/events.ts';
import type { LauncherTerms } from './launchers/launcher-terms.ts';
import { openLaunchers } from './launchers/open-launchers.ts';
import { systemEntropy } from './platform/entropy.ts';
import { fileEventJournal } from './platform/event-journal.ts';
import { createInbox } from './platform/inbox.ts';
import { folderChanges } from './platform/newest-change.ts';
import { holderOfThisProcess, systemProcessTable } from './platform/process-table.ts';
import { fileReports } from './platform/report-files.ts';
import { systemClock } from './platform/system-clock.ts';
import type { Clock } from './ports/clock.ts';
import type { RepoPool } from './ports/repo-pool.ts';
import type { Salvage } from './ports/salvage.ts';
import type { Holder, OpenAttempt, TaskRegistry } from './ports/task-registry.ts';
import type { Telemetry } from './ports/telemetry.ts';
import { openRegistry, openRegistryForReading, openRegistryForWriting, type StandbyOptions } from './registry/open.ts';
import { excludeFolder } from './repo-pool/git/exclude-folder.ts';
import { keepsMirror, openRepoPool, openSalvage } from './repo-pool/open-repo-pool.ts';
import { ask } from './runtime/ask.ts';
import { createDispatcherActor, type DispatcherActor } from './runtime/dispatcher-actor.ts';
import { HeartbeatTable } from './runtime/heartbeats.ts';
import type { Office, Ports } from './runtime/ports.ts';
import { retiredPools } from './runtime/retired-pools.ts';
import { openRunnerTokens } from './server/runner-token.ts';
import { liveDispatcher } from './server/live-dispatcher.ts';
import { Reloading, type ReloadReport } from './server/reloading.ts';
import { serveApi, type Api } from './server/serve-api.ts';
import { countedJournal } from './telemetry/counted-journal.ts';
import { joined } from './telemetry/joined.ts';
import { Tally } from './telemetry/tally.ts';

export { localPoolNotices, localPoolTroubles } from './launchers/local-process/local-pools.ts';

export interface DispatcherOptions {
  /** End when nothing is left to do. */
  readonly untilIdle?: boolean;
  readonly telemetry?: Telemetry;
  /** Where another has the registry: wait for its end, and end it if it hangs. */
  readonly standby?: Pick<StandbyOptions, 'signal' | 'tell'>;
  /** Reads the configuration again, for a reload; errors as lines. Without it there is none. */
  readonly reread?: () => Result<Configuration, readonly string[]>;
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
  /** Reads the configuration again and goes by it; an invalid one changes nothing. @param actor who asks, for the event */
  reload(actor: string): Promise<Result<ReloadReport, PortError>>;
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

/** What was kept of lost work, also beside a live dispatcher; `notFound` where there can be none yet. */
export const readSalvage = async (configuration: Configuration): Promise<Result<Salvage, PortError>> => {
  const { repoPool } = configuration;
  let { baseDir } = repoPool;
  if (baseDir === null && keepsMirror(repoPool)) {
    const registry = await readRegistry(configuration);
    if (!registry.ok) return registry;
    baseDir = defaultSlotsDir(registry.value.id);
    await ask<null>((reply) => registry.value.close(reply));
  }
  return openSalvage(repoPool, { baseDir: baseDir ?? '', environment: process.env });
};

/** Keeps the state folder out of the repository it may lie in; a folder of the user's that is only shared is left alone. */
const makeStateDir = async (stateDir: string, trouble: (message: string) => void): Promise<Result<null, PortError>> => {
  let isOurs = basename(stateDir) === '.dispatcher';
  try {
    isOurs = mkdirSync(stateDir, { recursive: true, mode: 0o700 }) !== undefined || isOurs;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(portError('permanent', `state_dir ${stateDir} cannot be made (${why}); name another one`));
  }
  try {
    if (isOurs) await excludeFolder(stateDir);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    trouble(`${stateDir} is not kept out of git (${why}); add it to .gitignore`);
  }
  return ok(null);
};

const silent: Telemetry = { tell: () => undefined };

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

const slotsDirOf = ({ repoPool }: Configuration, registry: RegistryId): string => repoPool.baseDir ?? defaultSlotsDir(registry);

const openSlots = (
  configuration: Configuration,
  registry: RegistryId,
  clock: Clock,
  tell: (message: string) => void,
): Promise<Result<RepoPool, PortError>> => {
  return openRepoPool(configuration.repoPool, {
    baseDir: slotsDirOf(configuration, registry),
    registry,
    processes: systemProcessTable(),
    environment: process.env,
    now: () => clock.wall(),
    tell,
    isolates: configuration.pools.some(({ engine }) => engine.type !== 'local-process'),
  });
};

const launcherTerms = (
  configuration: Configuration,
  registryId: RegistryId,
  tell: (message: string) => void,
): Omit<LauncherTerms, 'preparing' | 'record'> => ({
  environment: process.env,
  stateDir: configuration.stateDir,
  registryId,
  processes: systemProcessTable(),
  slotsDir: slotsDirOf(configuration, registryId),
  registryPath: configuration.registry.path,
  tell,
});

const assemble = async (
  configuration: Configuration,
  { untilIdle = false, telemetry: listener = silent, standby, reread, api: withApi = true }: DispatcherOptions,
  closers: Closers,
): Promise<Result<Dispatcher, OpenFailure>> => {
  const tally = new Tally(configuration.pools.map(({ name }) => name));
  const telemetry = joined([tally, listener]);
  const { stateDir } = configuration;
  const policy = await loadSchedulingPolicy(configuration.dispatcher);
  if (!policy.ok) return policy;
  const holder = holderOfThisProcess();
  const trouble = (message: string): void => telemetry.tell({ type: 'trouble', message, task: null, pool: null });
  const made = await makeStateDir(stateDir, trouble);
  if (!made.ok) return made;
  const { path, synchronous } = configuration.registry;
  const waits = standby === undefined ? {} : { standby: { ...standby, processes: systemProcessTable() } };
  const opened = await openRegistry({ path, synchronous, holder, ...waits });
  if (!opened.ok) return opened;
  const registry = opened.value;
  closers.add(() => ask<null>((reply) => registry.close(reply)));
  const clock = systemClock();
  const office = await ask<{ readonly epoch: number }>((reply) => registry.takeOffice({ holder, at: clock.wall() }, reply));
  if (!office.ok) return office;
  const open = await ask<readonly OpenAttempt[]>((reply) => registry.openAttempts(reply));
  if (!open.ok) return open;
  const slots = await openSlots(configuration, registry.id, clock, trouble);
  if (!slots.ok) return slots;
  const pools = [...configuration.pools, ...retiredPools(configuration.pools, open.value)];
  // What a launcher has to say before there is an actor to hear it is about nothing that anybody has asked for.
  let record: (event: EventDraft) => void = () => undefined;
  const launchers = await openLaunchers(pools, {
    ...launcherTerms(configuration, registry.id, trouble),
    preparing: (message, { task, pool }) => telemetry.tell({ type: 'preparing', message, task, pool }),
    record: (event) => record(event),
  });
  if (!launchers.ok) return launchers;
  closers.add(() => Promise.all(launchers.value.all().map((launcher) => ask<null>((reply) => launcher.close(reply)))));
  const inbox = createInbox((error) => {
    trouble(`internal error: ${error instanceof Error ? error.message : String(error)}`);
  });
  const journal = countedJournal(fileEventJournal(join(stateDir, `events-${shortRegistryId(registry.id)}.jsonl`)));
  const openIds = new Set<string>(open.value.map(({ attempt }) => attempt.runnerId));
  const reports = fileReports(join(stateDir, `reports-${shortRegistryId(registry.id)}`), (id) => openIds.has(id));
  if (!reports.ok) return reports;
  const ports: Ports = {
    clock,
    inbox,
    entropy: systemEntropy(),
    registry,
    repoPool: slots.value,
    launchers: launchers.value.byPool,
    journal,
    reports: reports.value,
    slotChanges: folderChanges(),
    telemetry,
  };
  const tokens = openRunnerTokens(stateDir, registry.id);
  if (!tokens.ok) return tokens;
  const heartbeats = new HeartbeatTable(clock);
  let api: Api | null = null;
  const terms: Office = {
    registryId: registry.id,
    epoch: office.value.epoch,
    runsDir: join(stateDir, 'runs'),
    baseEnv: environmentForRunners(),
    url: (engine) => api?.runnerUrl(engine) ?? null,
    tokenOf: tokens.value.of,
  };
  const actor = createDispatcherActor(ports, terms, {
    settings: configuration.dispatcher,
    pools,
    untilIdle,
    policy: policy.value,
    heartbeats,
  });
  record = (event) => inbox.post(() => actor.send({ type: 'event.record', event }));
  registry.onNews(() => inbox.post(() => actor.send({ type: 'registry.changed' })));
  const runners = { ports, office: terms, heartbeats, tokens: tokens.value };
  const reloading = new Reloading({
    configuration,
    reread: reread ?? null,
    openLaunchers: launchers.value.extend,
    live: liveDispatcher(actor),
    telemetry,
  });
  const reload: Dispatcher['reload'] = (by) => reloading.reload(by);
  const serving = async (): Promise<Result<string | null, PortError>> => {
    if (!withApi) return ok(null);
    const now = (): number => clock.wall();
    const served = await serveApi({ configuration, registry, actor, now, reload, tally, journal, runners });
    if (served.ok) api = served.value;
    return served.ok ? ok(served.value.url) : served;
  };
  const serves = serving();
  // A short run may be over before the API listens: then that is awaited, or `endpoint.json` would stay.
  closers.add(() => serves.then(() => api?.close()));
  return ok({
    registry,
    registryId: registry.id,
    // A runner is told where to report: that must be known before the first one starts.
    start: () => void serves.then(() => actor.start()),
    finished: outcomeOf(actor),
    api: serves,
    reload,
    shutdown: (reason) => inbox.post(() => actor.send({ type: 'shutdown.request', reason })),
    close: () => closers.close(),
  });
};
