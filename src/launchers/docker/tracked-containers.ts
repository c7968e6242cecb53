import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunnerId } from '../../domain/ids.ts';
import type { ContainerHandle, WatchEvent } from '../../ports/launcher.ts';
import { Endings, type FinalEvent } from '../endings.ts';
import { readResult } from '../result-file.ts';
import { removeSecrets, removeSecretsRoot, secretsDir, sharedDir } from './attempt-files.ts';
import { ContainerLog } from './container-log.ts';
import type { Containers } from './containers.ts';
import type { Engine } from './engine.ts';
import { EngineMonitor } from './engine-monitor.ts';
import { ownFilter } from './names.ts';
import type { DockerTerms } from './terms.ts';

/** Between two tries at what an engine that is away cannot do now, in ms; the first come quickly, for one that is only behind. */
const RETRY_MS = 1000;
const FIRST_RETRY_MS = 20;

interface Tracked {
  readonly handle: ContainerHandle;
  readonly log: ContainerLog;
}

/** The containers of this dispatcher's runners, from their start or discovery until they are forgotten. */
export class TrackedContainers {
  readonly endings = new Endings();
  readonly #terms: DockerTerms;
  readonly #engine: Engine;
  readonly #containers: Containers;
  readonly #monitor: EngineMonitor;
  readonly #tracked = new Map<RunnerId, Tracked>();
  readonly #byContainer = new Map<string, RunnerId>();
  readonly #listeners = new Set<(event: WatchEvent) => void>();
  readonly #removals = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(terms: DockerTerms, engine: Engine, containers: Containers) {
    this.#terms = terms;
    this.#engine = engine;
    this.#containers = containers;
    this.#monitor = new EngineMonitor({
      engine,
      labels: ownFilter(terms.registryId),
      ended: (containerId) => this.#noteEnd(containerId),
      listed: (living) => this.#compare(living),
      fellSilent: (reason) => this.#noteSilence(reason),
      answers: () => this.#noteAnswer(),
    });
  }

  /** From now on its output is kept and its end is told. Again for one that is tracked: nothing. */
  take(handle: ContainerHandle): void {
    const { runnerId, containerId, runDir } = handle;
    if (this.#tracked.has(runnerId) || this.#closing.signal.aborted) return;
    const log = new ContainerLog(this.#engine, containerId, join(runDir, 'output.log'));
    this.#tracked.set(runnerId, { handle, log });
    this.#byContainer.set(containerId, runnerId);
    // It may have ended before anybody listened.
    void this.#lookAt(runnerId, containerId);
  }

  watch(runnerId: RunnerId, notify: (event: WatchEvent) => void): () => void {
    const unwatch = this.endings.watch(runnerId, notify);
    this.#listeners.add(notify);
    const { silence } = this.#monitor;
    const immediate = silence === null ? null : setImmediate(() => this.#listeners.has(notify) && notify({ kind: 'engineSilent', reason: silence }));
    return () => {
      if (immediate !== null) clearImmediate(immediate);
      this.#listeners.delete(notify);
      unwatch();
    };
  }

  /** How one ended that has. */
  concluded(runnerId: RunnerId): Promise<FinalEvent> {
    const tracked = this.#tracked.get(runnerId);
    if (tracked !== undefined) void this.#conclude(tracked);
    return this.endings.of(runnerId);
  }

  forget(runnerId: RunnerId): void {
    const tracked = this.#tracked.get(runnerId);
    if (tracked === undefined) return;
    this.#tracked.delete(runnerId);
    this.#byContainer.delete(tracked.handle.containerId);
    tracked.log.stop();
    this.endings.forget(runnerId);
    const removal = this.#remove(tracked.handle);
    this.#removals.add(removal);
    void removal.finally(() => this.#removals.delete(removal));
  }

  /** What runs goes on, what is to be removed is, as far as that can be within `patienceMs`. */
  async close(patienceMs: number): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const patience = new AbortController();
    const late = delay(patienceMs, undefined, { signal: patience.signal }).catch(() => undefined);
    await Promise.race([Promise.all(this.#removals), late]);
    patience.abort();
    this.#closing.abort();
    this.#monitor.stop();
    for (const { log } of this.#tracked.values()) log.stop();
    this.#listeners.clear();
    this.endings.silence();
    await removeSecretsRoot(this.#terms.registryId);
  }

  #noteEnd(containerId: string): void {
    const runnerId = this.#byContainer.get(containerId);
    const tracked = runnerId === undefined ? undefined : this.#tracked.get(runnerId);
    if (tracked !== undefined) void this.#conclude(tracked);
  }

  #compare(living: ReadonlySet<string>): void {
    for (const [containerId, runnerId] of this.#byContainer) {
      // Made after the list, it may be missing there: so it is looked at and not taken for ended.
      if (!living.has(containerId)) void this.#lookAt(runnerId, containerId);
    }
  }

  async #lookAt(runnerId: RunnerId, containerId: string): Promise<void> {
    const found = await this.#containers.find(containerId);
    if (!found.ok) return;
    const tracked = this.#tracked.get(runnerId);
    const isOver = found.value === null || found.value.state.kind === 'ended';
    if (isOver && tracked?.handle.containerId === containerId) void this.#conclude(tracked);
  }

  /** Finds out how it ended, and tells when its output is all here. An engine that is away is waited for. */
  async #conclude({ handle, log }: Tracked): Promise<void> {
    const { runnerId, runDir } = handle;
    if (!this.endings.begin(runnerId)) return;
    const { signal } = this.#closing;
    for (let pause = FIRST_RETRY_MS; !signal.aborted; pause = Math.min(pause * 2, RETRY_MS)) {
      const final = await this.#finalOf(handle);
      if (final !== null) {
        await log.finish(signal);
        await this.#dropSecrets(runnerId, runDir);
        if (!signal.aborted) this.endings.settle(runnerId, final);
        return;
      }
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  /** `null`: it cannot be told now. */
  async #finalOf({ containerId, name, runDir }: ContainerHandle): Promise<FinalEvent | null> {
    const found = await this.#containers.find(containerId);
    if (!found.ok) return null;
    const result = readResult(sharedDir(runDir));
    const state = found.value?.state ?? null;
    if (state?.kind === 'ended') return { kind: 'exited', exit: { ...state.status, at: state.at, result } };
    if (state !== null) return null;
    if (result !== null) return { kind: 'exited', exit: { exitCode: null, signal: null, at: Date.now(), result } };
    return { kind: 'vanished', reason: `its container ${name} was removed by somebody else, so nobody saw how it ended` };
  }

  async #dropSecrets(runnerId: RunnerId, runDir: string): Promise<void> {
    await removeSecrets(await secretsDir(this.#terms.registryId, runnerId, runDir)).catch(() => undefined);
  }

  async #remove({ containerId, runnerId, runDir }: ContainerHandle): Promise<void> {
    const { signal } = this.#closing;
    while (!(await this.#containers.remove(containerId)).ok && !signal.aborted) {
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
    await this.#dropSecrets(runnerId, runDir);
  }

  #noteSilence(reason: string): void {
    this.#terms.tell(`${reason}; what runs there is held, nothing new is started`);
    for (const listener of [...this.#listeners]) listener({ kind: 'engineSilent', reason });
  }

  #noteAnswer(): void {
    this.#terms.tell(`docker engine ${this.#engine.address} answers again`);
    for (const listener of [...this.#listeners]) listener({ kind: 'engineAnswers' });
  }
}
