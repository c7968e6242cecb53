import { setTimeout as delay } from 'node:timers/promises';
import { portError, type PortError } from '../../domain/failures.ts';
import type { RunnerId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Activity, Inspection, Launcher, LaunchIntent, RunnerHandle, StopReport, WatchEvent } from '../../ports/launcher.ts';
import type { Reply } from '../../ports/reply.ts';
import { invalidIntent } from '../invalid-intent.ts';
import { readLog } from '../run-log.ts';
import { Containers, handleOf } from './containers.ts';
import { Engine } from './engine.ts';
import { isConflict, isSilence, portErrorOf } from './engine-failure.ts';
import { Oversight } from './oversight.ts';
import { Starting } from './starting.ts';
import type { DockerTerms } from './terms.ts';
import { TrackedContainers } from './tracked-containers.ts';

/** How long a start waits for an engine that is away, before it counts as failed, in ms. */
const START_PATIENCE_MS = 300_000;
const START_PAUSE_MS = 1000;
/** How long the killed may take to end before they are reported as survivors, in ms. */
const KILL_PATIENCE_MS = 15_000;
const HEALTH_PATIENCE_MS = 5_000;
/** How long removals may take at the end, in ms; what is left, the next start's sweep finds. */
const CLOSE_PATIENCE_MS = 10_000;

const later = <T>(reply: Reply<T>, result: Result<T, PortError>): void => void setImmediate(() => reply(result));

const CLOSED = portError('invalid', 'the launcher is closed');

/** Runs attempts as containers of a Docker engine on this machine. */
class DockerLauncher implements Launcher {
  readonly type = 'docker';
  readonly #engine: Engine;
  readonly #containers: Containers;
  readonly #starting: Starting;
  readonly #tracked: TrackedContainers;
  readonly #oversight: Oversight;
  readonly #starts = new Map<RunnerId, Promise<Result<RunnerHandle, PortError>>>();
  readonly #closing = new AbortController();

  constructor(terms: DockerTerms, engine: Engine) {
    this.#engine = engine;
    this.#containers = new Containers(engine, terms.registryId);
    this.#starting = new Starting(terms, engine, this.#containers);
    this.#tracked = new TrackedContainers(terms, engine, this.#containers);
    this.#oversight = new Oversight(engine, this.#containers, terms.registryId);
  }

  start(intent: LaunchIntent, reply: Reply<RunnerHandle>): void {
    const invalid = this.#closing.signal.aborted ? CLOSED : invalidIntent(intent);
    if (invalid !== null) return later(reply, err(invalid));
    const { runnerId } = intent;
    const known = this.#starts.get(runnerId);
    const start = known ?? this.#start(intent).finally(() => this.#starts.delete(runnerId));
    if (known === undefined) this.#starts.set(runnerId, start);
    void start.then((result) => later(reply, result));
  }

  /** An engine that is away fails nobody: the start waits for it, as what runs there does. */
  async #start(intent: LaunchIntent): Promise<Result<RunnerHandle, PortError>> {
    const deadline = performance.now() + START_PATIENCE_MS;
    const { signal } = this.#closing;
    for (;;) {
      const started = await this.#starting.start(intent);
      if (started.ok) {
        this.#tracked.take(started.value);
        return started;
      }
      const isAway = started.error.kind === 'transient' && (await this.#ping()) !== null;
      if (!isAway || performance.now() > deadline || signal.aborted) return started;
      await delay(START_PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  watch(handle: RunnerHandle, notify: (event: WatchEvent) => void): () => void {
    if (handle.kind !== 'container') {
      const immediate = setImmediate(() => notify({ kind: 'vanished', reason: `it is a ${handle.kind}, and its pool is of type docker now` }));
      return () => clearImmediate(immediate);
    }
    this.#tracked.take(handle);
    return this.#tracked.watch(handle.runnerId, notify);
  }

  stop(handle: RunnerHandle, graceMs: number, reply: Reply<StopReport>): void {
    void this.#stop(handle, graceMs).then((result) => later(reply, result));
  }

  async #stop(handle: RunnerHandle, graceMs: number): Promise<Result<StopReport, PortError>> {
    if (handle.kind !== 'container') return ok({ exit: null, survivors: [] });
    const { runnerId, containerId, name } = handle;
    this.#tracked.take(handle);
    for (const [signal, patienceMs] of [['SIGTERM', graceMs], ['SIGKILL', KILL_PATIENCE_MS]] as const) {
      if (patienceMs <= 0) continue;
      const sent = await this.#containers.signal(containerId, signal);
      if (!sent.ok) return err(portErrorOf(sent.error, `container ${name} cannot be stopped`));
      const final = await this.#tracked.endings.within(runnerId, patienceMs);
      if (final !== null) return ok({ exit: final.kind === 'exited' ? final.exit : null, survivors: [] });
    }
    return ok({ exit: null, survivors: [name] });
  }

  inspect(runnerId: RunnerId, runDir: string, reply: Reply<Inspection>): void {
    void this.#inspect(runnerId, runDir).then((result) => later(reply, result));
  }

  async #inspect(runnerId: RunnerId, runDir: string): Promise<Result<Inspection, PortError>> {
    const found = await this.#containers.find(runnerId);
    if (!found.ok) return err(portErrorOf(found.error, `container ${runnerId}`));
    const container = found.value;
    if (container === null || !container.isOurs) return ok({ kind: 'neverStarted' });
    if (container.state.kind === 'created') {
      // A start of an earlier dispatcher may still be on its way: without a container it comes to nothing.
      const removed = await this.#containers.removeUnstarted(container.id);
      if (removed.ok) return ok({ kind: 'neverStarted' });
      if (isConflict(removed.error)) return this.#inspect(runnerId, runDir);
      return err(portErrorOf(removed.error, `container ${runnerId}`));
    }
    const handle = handleOf(runnerId, container.id, runDir);
    this.#tracked.take(handle);
    if (container.state.kind === 'alive') return ok({ kind: 'alive', handle });
    const final = await this.#tracked.concluded(runnerId);
    return ok(final.kind === 'exited' ? { kind: 'exited', handle, exit: final.exit } : final);
  }

  forget(runnerId: RunnerId): void {
    this.#tracked.forget(runnerId);
  }

  logs(runDir: string, from: number, reply: Reply<{ readonly chunk: Uint8Array; readonly next: number }>): void {
    void readLog(runDir, from).then((result) => later(reply, result));
  }

  activity(handle: RunnerHandle, reply: Reply<Activity>): void {
    void this.#oversight.activity(handle).then((result) => later(reply, result));
  }

  list(reply: Reply<readonly RunnerId[]>): void {
    void this.#oversight.list().then((result) => later(reply, result));
  }

  reap(runnerId: RunnerId, reply: Reply<StopReport>): void {
    void this.#oversight.reap(runnerId).then((result) => later(reply, result));
  }

  health(reply: Reply<null>): void {
    void this.#health().then((result) => later(reply, result));
  }

  async #health(): Promise<Result<null, PortError>> {
    if (this.#closing.signal.aborted) return err(CLOSED);
    const failure = await this.#ping();
    return failure === null ? ok(null) : err(failure);
  }

  async #ping(): Promise<PortError | null> {
    const ping = await this.#engine.call((docker) => docker.ping(), HEALTH_PATIENCE_MS);
    return ping.ok || !isSilence(ping.error) ? null : portErrorOf(ping.error, '');
  }

  close(reply: Reply<null>): void {
    void this.#close().then(() => later(reply, ok(null)));
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await this.#tracked.close(CLOSE_PATIENCE_MS);
    this.#engine.close();
  }
}

/** Opens one engine's launcher; whether the engine is there shows later. Fails with `permanent` when its address or certificates cannot be used. */
export const createDockerLauncher = (terms: DockerTerms): Result<Launcher, PortError> => {
  try {
    return ok(new DockerLauncher(terms, new Engine(terms.address, terms.environment)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    return err(portError('permanent', `docker engine ${terms.address} cannot be used: ${reason}`));
  }
};
