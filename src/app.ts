import { homedir } from 'node:os';
import { join } from 'node:path';
import type { DispatcherOutput } from '../machines/dispatcher/context.ts';
import { Closers } from './app/closers.ts';
import { environmentForRunners } from './app/runner-environment.ts';
import { makeStateDir } from './app/state-dir.ts';
import { takeOver, type OpenFailure, type Standby } from './app/take-over.ts';
import type { Configuration } from './config/configuration.ts';
import { loadSchedulingPolicy } from './config/load-scheduling-policy.ts';
import type { PortError } from './domain/failures.ts';
import { shortRegistryId, type RegistryId } from './domain/ids.ts';
import { ok, type Result } from './domain/result.ts';
import type { EventDraft } from './domain/events.ts';
import type { PoolSettings } from './domain/settings.ts';
import type { EngineFinding } from './launchers/docker/examine.ts';
import type { LauncherTerms } from './launchers/launcher-terms.ts';
import type { DockerEngine, KubernetesEngine } from './domain/engine-settings.ts';
import type { Examined } from './launchers/kubernetes/examine.ts';
import { openLaunchers } from './launchers/open-launchers.ts';
import { systemEntropy } from './platform/entropy.ts';
import { environmentReader } from './platform/environment-reader.ts';
import { fileEventJournal } from './platform/event-journal.ts';
import { createInbox } from './platform/inbox.ts';
import { folderChanges } from './platform/newest-change.ts';
import { holderOfThisProcess, systemProcessTable } from './platform/process-table.ts';
import { fileReports } from './platform/report-files.ts';
import { systemClock } from './platform/system-clock.ts';
import type { Clock } from './ports/clock.ts';
import type { RepoPool } from './ports/repo-pool.ts';
import type { Salvage } from './ports/salvage.ts';
import type { TaskRegistry } from './ports/task-registry.ts';
import type { Telemetry } from './ports/telemetry.ts';
import { openRegistryForReading, openRegistryForWriting } from './registry/open.ts';
import { keepsMirror, openRepoPool, openSalvage } from './repo-pool/open-repo-pool.ts';
import { ask } from './runtime/ask.ts';
import { createDispatcherActor, type DispatcherActor } from './runtime/dispatcher-actor.ts';
import { HeartbeatTable } from './runtime/heartbeats.ts';
import type { Office, Ports } from './runtime/ports.ts';
import { retiredPools } from './runtime/retired-pools.ts';
import { openRunnerTokens, type RunnerTokens } from './server/runner-token.ts';
import { liveDispatcher } from './server/live-dispatcher.ts';
import { Reloading, type ReloadReport } from './server/reloading.ts';
import { serveApi, type Api } from './server/serve-api.ts';
import { countedJournal, type CountedJournal } from './telemetry/counted-journal.ts';
import { joined } from './telemetry/joined.ts';
import { Tally } from './telemetry/tally.ts';

export { localPoolNotices, localPoolTroubles } from './launchers/local-process/local-pools.ts';

export interface DispatcherOptions {
  /** End when nothing is left to do. */
  readonly untilIdle?: boolean;
  readonly telemetry?: Telemetry;
  readonly standby?: Standby;
  /** Reads the configuration again, for a reload; errors as lines. Without it there is none. */
  readonly reread?: () => Result<Configuration, readonly string[]>;
  /** Whether to serve the HTTP API; default true. */
  readonly api?: boolean;
}

export type { OpenFailure };

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

const silent: Telemetry = { tell: () => undefined };

/** What `doctor` finds of a docker pool. */
export const examineDockerPool = async (engine: DockerEngine): Promise<readonly EngineFinding[]> => {
  const { examineDocker } = await import('./launchers/docker/examine.ts');
  return examineDocker(engine, process.env);
};

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
  telemetry: Telemetry,
  record: LauncherTerms['record'],
): LauncherTerms => ({
  environment: process.env,
  stateDir: configuration.stateDir,
  registryId,
  processes: systemProcessTable(),
  slotsDir: slotsDirOf(configuration, registryId),
  registryPath: configuration.registry.path,
  tell: (message) => telemetry.tell({ type: 'trouble', message, task: null, pool: null }),
  preparing: (message, { task, pool }) => telemetry.tell({ type: 'preparing', message, task, pool }),
  record,
});

interface Gathered {
  readonly configuration: Configuration;
  readonly pools: readonly PoolSettings[];
  readonly ports: Ports;
  readonly office: Pick<Office, 'registryId' | 'epoch' | 'runsDir'> & { readonly tokens: RunnerTokens };
  readonly policy: NonNullable<Parameters<typeof createDispatcherActor>[2]['policy']> | null;
  readonly tally: Tally;
  readonly journal: CountedJournal;
  readonly untilIdle: boolean;
  readonly withApi: boolean;
  readonly reread: (() => Result<Configuration, readonly string[]>) | null;
  readonly extend: ConstructorParameters<typeof Reloading>[0]['openLaunchers'];
  readonly closers: Closers;
}

/** The actor system over everything that was opened, with its API. */
const brought = (gathered: Gathered): { readonly dispatcher: Dispatcher; readonly actor: DispatcherActor } => {
  const { configuration, pools, ports, policy, tally, journal, untilIdle, withApi, closers, reread, extend } = gathered;
  const { clock, inbox, registry } = ports;
  const { registryId, epoch, runsDir, tokens } = gathered.office;
  const heartbeats = new HeartbeatTable(clock);
  let api: Api | null = null;
  const terms: Office = {
    registryId,
    epoch,
    runsDir,
    baseEnv: environmentForRunners(),
    url: (engine) => api?.runnerUrl(engine) ?? null,
    tokenOf: (id, attempt) => tokens.of(id, attempt),
  };
  const actor = createDispatcherActor(ports, terms, {
    settings: configuration.dispatcher,
    pools,
    untilIdle,
    policy,
    heartbeats,
  });
  registry.onNews(() => inbox.post(() => actor.send({ type: 'registry.changed' })));
  const runners = { ports, office: terms, heartbeats, tokens };
  const reloading = new Reloading({ configuration, reread, openLaunchers: extend, live: liveDispatcher(actor), telemetry: ports.telemetry });
  const reload: Dispatcher['reload'] = (by) => reloading.reload(by);
  const parts = { configuration, registry, actor, now: () => clock.wall(), reload, tally, journal, runners };
  const served = withApi ? serveApi(parts) : ok(null);
  const serves = Promise.resolve<Result<Api | null, PortError>>(served).then((opened) => {
    if (!opened.ok) return opened;
    api = opened.value;
    return ok(api?.url ?? null);
  });
  // A short run may be over before the API listens: then that is awaited, or `endpoint.json` would stay.
  closers.add(() => serves.then(() => api?.close()));
  const dispatcher: Dispatcher = {
    registry,
    registryId: registry.id,
    // A runner is told where to report: that must be known before the first one starts.
    start: () => void serves.then(() => actor.start()),
    finished: outcomeOf(actor),
    api: serves,
    reload,
    shutdown: (reason) => inbox.post(() => actor.send({ type: 'shutdown.request', reason })),
    close: () => closers.close(),
  };
  return { dispatcher, actor };
};

const assemble = async (
  configuration: Configuration,
  { untilIdle = false, telemetry: listener = silent, standby, reread, api: withApi = true }: DispatcherOptions,
  closers: Closers,
): Promise<Result<Dispatcher, OpenFailure>> => {
  const { stateDir } = configuration;
  const tally = new Tally(configuration.pools.map(({ name }) => name));
  const telemetry = joined([tally, listener]);
  const policy = await loadSchedulingPolicy(configuration.dispatcher);
  if (!policy.ok) return policy;
  const trouble = (message: string): void => telemetry.tell({ type: 'trouble', message, task: null, pool: null });
  const made = await makeStateDir(stateDir, trouble);
  if (!made.ok) return made;
  const clock = systemClock();
  const taken = await takeOver(configuration, standby, clock, closers);
  if (!taken.ok) return taken;
  const { registry, open } = taken.value;
  const slots = await openSlots(configuration, registry.id, clock, trouble);
  if (!slots.ok) return slots;
  const pools = [...configuration.pools, ...retiredPools(configuration.pools, open)];
  // What a launcher has to say before there is an actor to hear it is about nothing that anybody has asked for.
  let record: (event: EventDraft) => void = () => undefined;
  const launchers = await openLaunchers(pools, launcherTerms(configuration, registry.id, telemetry, (event) => record(event)));
  if (!launchers.ok) return launchers;
  closers.add(() => Promise.all(launchers.value.all().map((launcher) => ask<null>((reply) => launcher.close(reply)))));
  const inbox = createInbox((error) => trouble(`internal error: ${error instanceof Error ? error.message : String(error)}`));
  const journal = countedJournal(fileEventJournal(join(stateDir, `events-${shortRegistryId(registry.id)}.jsonl`)));
  const openIds = new Set<string>(open.map(({ attempt }) => attempt.runnerId));
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
    environment: environmentReader(process.env),
  };
  const tokens = openRunnerTokens(stateDir, registry.id);
  if (!tokens.ok) return tokens;
  const office = { registryId: registry.id, epoch: taken.value.epoch, runsDir: join(stateDir, 'runs'), tokens: tokens.value };
  const opened = { configuration, pools, ports, office, policy: policy.value, extend: launchers.value.extend };
  const { dispatcher, actor } = brought({ ...opened, tally, journal, untilIdle, withApi, closers, reread: reread ?? null });
  record = (event) => inbox.post(() => actor.send({ type: 'event.record', event }));
  return ok(dispatcher);
};

/** What the cluster of a kubernetes pool says of itself and of us, for `doctor`. */
export const examineKubernetesPool = async (engine: KubernetesEngine): Promise<Examined> => {
  const { examineKubernetes } = await import('./launchers/kubernetes/examine.ts');
  return examineKubernetes(engine);
};
