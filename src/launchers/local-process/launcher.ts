import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Confinement } from '../../domain/engine-settings.ts';
import { portError, type PortError } from '../../domain/failures.ts';
import type { RegistryId, RunnerId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Activity, Inspection, Launcher, LaunchIntent, ProcessHandle, StopReport, WatchEvent } from '../../ports/launcher.ts';
import type { ProcessTable } from '../../ports/process-table.ts';
import type { Reply } from '../../ports/reply.ts';
import { invalidIntent } from '../invalid-intent.ts';
import { readLog } from '../run-log.ts';
import { confinedStart, type ConfinedSurroundings } from './confined-start.ts';
import { ownGroupPlaces, type GroupPlaces } from './control-groups.ts';
import { ActivityLook } from './activity-look.ts';
import { loadLineages, newJournalPath } from './earlier-lineages.ts';
import { ForkServer } from './fork-server.ts';
import type { Lineage, LineageNews, RunnerRecord } from './lineage.ts';
import { RUNNER_MARKER } from './process-tree.ts';
import { RunnerGroups } from './runner-groups.ts';
import { Runners } from './runners.ts';
import { startError } from './start-failure.ts';

/** How long a fork-server may take to answer a ping, to close, and to end, in ms. */
const ANSWER_MS = 5_000;

export interface LocalProcessOptions {
  /** Absolute; journals go into its folder `fork-servers`. */
  readonly stateDir: string;
  readonly registryId: RegistryId;
  readonly processes: ProcessTable;
  /** The Perl 5 to run the fork-server with; default: the one that is installed. */
  readonly perl?: string;
  /** Where control groups can be made; default: looked for. */
  readonly groupPlaces?: GroupPlaces;
  /** Files and folders beside `stateDir` that no sandbox shows. */
  readonly secrets?: readonly string[];
}

interface PendingStart {
  readonly intent: LaunchIntent;
  readonly lineage: Lineage;
  readonly replies: Reply<ProcessHandle>[];
}

interface LauncherParts {
  readonly folder: string;
  readonly runners: Runners;
  readonly surroundings: ConfinedSurroundings;
  readonly server: ForkServer;
}

const later = <T>(reply: Reply<T>, result: Result<T, PortError>): void => void setImmediate(() => reply(result));

/** Runs attempts as processes of this machine, by way of a fork-server that outlives the dispatcher. */
class LocalProcessLauncher implements Launcher {
  readonly type = 'local-process';
  readonly #options: LocalProcessOptions;
  readonly #folder: string;
  readonly #runners: Runners;
  readonly #surroundings: ConfinedSurroundings;
  readonly #activity: ActivityLook;
  readonly #pending = new Map<RunnerId, PendingStart>();
  readonly #pings = new Map<string, () => void>();
  #server: ForkServer;
  #starting: Promise<Result<ForkServer, PortError>> | null = null;
  #closed = false;

  constructor(options: LocalProcessOptions, parts: LauncherParts) {
    const { folder, runners, surroundings, server } = parts;
    this.#options = options;
    this.#folder = folder;
    this.#runners = runners;
    this.#surroundings = surroundings;
    this.#activity = new ActivityLook(options.processes);
    this.#server = server;
    this.#take(server);
  }

  start(intent: LaunchIntent, reply: Reply<ProcessHandle>): void {
    const invalid = this.#closed ? portError('invalid', 'the launcher is closed') : invalidIntent(intent);
    if (invalid !== null) return later(reply, err(invalid));
    const pending = this.#pending.get(intent.runnerId);
    if (pending !== undefined) return void pending.replies.push(reply);
    if (this.#runners.intakeOver && this.#server.alive) return this.#startWith(this.#server, intent, reply);
    void this.#startWhenReady(intent, reply);
  }

  async #startWhenReady(intent: LaunchIntent, reply: Reply<ProcessHandle>): Promise<void> {
    // Until then an earlier server may be about to start this very runner.
    await this.#runners.whenIntakeOver();
    const server = await this.#liveServer();
    if (server.ok) this.#startWith(server.value, intent, reply);
    else later(reply, server);
  }

  #startWith(server: ForkServer, intent: LaunchIntent, reply: Reply<ProcessHandle>): void {
    if (this.#closed) return later(reply, err(portError('invalid', 'the launcher is closed')));
    const pending = this.#pending.get(intent.runnerId);
    if (pending !== undefined) return void pending.replies.push(reply);
    const known = this.#runners.find(intent.runnerId);
    if (known !== null) return later(reply, ok(known.handle));
    const start: PendingStart = { intent, lineage: server.lineage, replies: [reply] };
    this.#pending.set(intent.runnerId, start);
    const confinement = intent.engine.type === 'local-process' ? intent.engine.confinement : undefined;
    if (confinement === undefined) server.send(['S', ...this.#fields(intent)]);
    else void this.#startConfined(server, start, confinement);
  }

  async #startConfined(server: ForkServer, start: PendingStart, confinement: Confinement): Promise<void> {
    const { intent } = start;
    const prepared = await confinedStart(intent, confinement, this.#surroundings);
    // Answered already: the server died meanwhile.
    if (this.#pending.get(intent.runnerId) !== start) return;
    if (!prepared.ok) return this.#answer(intent.runnerId, prepared);
    if (this.#closed) return this.#answer(intent.runnerId, err(portError('invalid', 'the launcher is closed')));
    server.send(['T', prepared.value.terms, ...this.#fields({ ...intent, ...prepared.value })]);
  }

  #fields({ runnerId, runDir, cwd, context, command, env }: Omit<LaunchIntent, 'engine'>): readonly string[] {
    const marked = { ...env, [RUNNER_MARKER]: `${this.#options.registryId}/${runnerId}` };
    const pairs = Object.entries(marked).map(([name, value]) => `${name}=${value}`);
    return [runnerId, runDir, cwd, context, String(command.length), ...command, ...pairs];
  }

  watch(handle: ProcessHandle, notify: (event: WatchEvent) => void): () => void {
    return this.#runners.watch(handle, notify);
  }

  stop(handle: ProcessHandle, graceMs: number, reply: Reply<StopReport>): void {
    void this.#runners.stop(handle, graceMs).then((report) => later(reply, ok(report)));
  }

  inspect(runnerId: RunnerId, runDir: string, reply: Reply<Inspection>): void {
    void this.#runners.inspect(runnerId, runDir).then((inspection) => later(reply, ok(inspection)));
  }

  forget(runnerId: RunnerId): void {
    const bare = this.#runners.leftNothing(runnerId);
    const told = this.#runners.forget(runnerId, this.#server.lineage);
    if (told && !this.#closed) this.#server.send([bare ? 'U' : 'G', runnerId]);
  }

  logs(runDir: string, from: number, reply: Reply<{ readonly chunk: Uint8Array; readonly next: number }>): void {
    void readLog(runDir, from).then((result) => later(reply, result));
  }

  activity(handle: ProcessHandle, reply: Reply<Activity>): void {
    void this.#activity.of(handle, handle.runDir).then((result) => later(reply, result));
  }

  list(reply: Reply<readonly RunnerId[]>): void {
    void this.#runners.living().then((result) => later(reply, result));
  }

  reap(runnerId: RunnerId, reply: Reply<StopReport>): void {
    void this.#runners.reap(runnerId).then((report) => later(reply, ok(report)));
  }

  health(reply: Reply<null>): void {
    void this.#ping().then((result) => later(reply, result));
  }

  async #ping(): Promise<Result<null, PortError>> {
    if (this.#closed) return err(portError('invalid', 'the launcher is closed'));
    const server = await this.#liveServer();
    if (!server.ok) return server;
    const token = randomBytes(8).toString('hex');
    const answered = Promise.withResolvers<boolean>();
    this.#pings.set(token, () => answered.resolve(true));
    const timer = setTimeout(() => answered.resolve(false), ANSWER_MS);
    server.value.send(['P', token]);
    const alive = await answered.promise;
    clearTimeout(timer);
    this.#pings.delete(token);
    if (alive) return ok(null);
    const { pid } = server.value.lineage.server ?? { pid: 0 };
    const silence = `did not answer within ${ANSWER_MS / 1000} s`;
    return err(portError('transient', `local-process: the fork-server (pid ${pid}) ${silence}`));
  }

  close(reply: Reply<null>): void {
    void this.#close().then(() => later(reply, ok(null)));
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#starting;
    this.#server.close();
    await this.#runners.close(this.#server.lineage, ANSWER_MS);
    this.#server.letGo();
  }

  #liveServer(): Promise<Result<ForkServer, PortError>> {
    if (this.#server.alive) return Promise.resolve(ok(this.#server));
    this.#starting ??= this.#replaceServer().finally(() => (this.#starting = null));
    return this.#starting;
  }

  async #replaceServer(): Promise<Result<ForkServer, PortError>> {
    const server = await startServer(this.#options, this.#folder);
    if (server.ok) {
      this.#server = server.value;
      this.#take(server.value);
    }
    return server;
  }

  #take(server: ForkServer): void {
    const { lineage } = server;
    // Before the runners listen: a start is answered before its exit is told.
    lineage.listen((news) => this.#hear(lineage, news));
    this.#runners.addOwn(lineage);
  }

  #hear(lineage: Lineage, news: LineageNews): void {
    switch (news.kind) {
      case 'entered':
      case 'known': {
        const record = lineage.runners.get(news.id);
        return this.#answer(news.id, record === undefined ? null : ok(this.#runners.handleOf(record, lineage)));
      }
      case 'failed':
      case 'refused': {
        const pending = this.#pending.get(news.id);
        return pending && this.#answer(news.id, err(startError(pending.intent, news.failure)));
      }
      case 'pong':
        return this.#pings.get(news.token)?.();
      case 'died':
        return void this.#answerAfterDeath(lineage);
      case 'exited':
      case 'closed':
        return;
    }
  }

  #answer(id: RunnerId, result: Result<ProcessHandle, PortError> | null): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    const lost = err(portError('transient', `local-process: the fork-server died before it started ${id}`));
    for (const reply of pending.replies) reply(result ?? lost);
  }

  async #answerAfterDeath(lineage: Lineage): Promise<void> {
    const hit = [...this.#pending].filter(([, pending]) => pending.lineage === lineage);
    for (const [id, pending] of hit) {
      const record: RunnerRecord | undefined = lineage.runners.get(id);
      if (record !== undefined) this.#answer(id, ok(this.#runners.handleOf(record, lineage)));
      else void this.#answerUnwritten(id, pending.intent.runDir, lineage);
    }
  }

  /**
   * It may have been forked and not been written down. Then it ran, and must not run again under this
   * id: it is handed over as one that vanished.
   */
  async #answerUnwritten(id: RunnerId, runDir: string, lineage: Lineage): Promise<void> {
    const trace = await this.#runners.traceOf(id, runDir, lineage);
    this.#answer(id, trace === null ? null : ok(this.#runners.vanished(id, runDir, trace)));
  }
}

const startServer = (options: LocalProcessOptions, folder: string): Promise<Result<ForkServer, PortError>> => {
  const path = newJournalPath(folder, options.registryId, Date.now(), randomBytes(4).toString('hex'));
  return ForkServer.start(options.perl ?? 'perl', path, options.registryId);
};

/**
 * Starts a fork-server and takes up what earlier ones left. Fails with `permanent` when there is no
 * Perl, with `transient` when the state directory cannot be used.
 */
export const createLocalProcessLauncher = async (
  options: LocalProcessOptions,
): Promise<Result<Launcher, PortError>> => {
  const folder = join(options.stateDir, 'fork-servers');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const earlier = await loadLineages(folder, options.registryId);
    const server = await startServer(options, folder);
    if (!server.ok) return server;
    const places = options.groupPlaces ?? ownGroupPlaces();
    const groups = new RunnerGroups(places, options.registryId);
    groups.sweep((id) => earlier.some(({ runners: known }) => known.has(id)));
    const runners = new Runners({ ...options, groups }, earlier);
    const secrets = [options.stateDir, ...(options.secrets ?? [])];
    const surroundings = { groups, groupsLimitMemory: places.memory !== null, secrets };
    return ok(new LocalProcessLauncher(options, { folder, runners, surroundings, server: server.value }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    return err(portError('transient', `local-process: cannot use the state directory ${options.stateDir}: ${reason}`));
  }
};
