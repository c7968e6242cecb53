import type { PoolName, RunnerId, TaskKey } from '../domain/ids.ts';
import type { ExitReport, LaunchIntent } from '../ports/launcher.ts';
import type { Faults } from './faults.ts';
import type { KeyedEntropy } from './keyed-entropy.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import { Speech, type SpeechObserver } from './speech.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Who sees processes come and go. */
export interface EngineObserver extends SpeechObserver {
  processStarted(runner: RunnerId, task: TaskKey, pool: PoolName, cwd: string): void;
  processEnded(runner: RunnerId): void;
  /** It was ended because nobody owned it. */
  orphanReaped(runner: RunnerId): void;
}

/** How long an attempt runs by itself, ms. */
export type RunMs = (intent: LaunchIntent) => number;

const LONGEST_RUN_MS = 40_000;

/** The machine on which attempts run. It outlives every dispatcher. */
export class SimulatedEngine {
  readonly #clock: VirtualClock;
  readonly #luck: KeyedEntropy;
  readonly #faults: Faults;
  readonly #observer: EngineObserver;
  readonly speech: Speech;
  readonly #processes = new Map<RunnerId, SimulatedProcess>();
  readonly #outageListeners = new Set<() => void>();
  readonly #runMs: RunMs | null;
  #answering = true;
  #lastPid = 100;

  /** @param runMs how long each attempt runs, ms, without a word; `null`: that, and what it says, is up to luck */
  constructor(clock: VirtualClock, luck: KeyedEntropy, faults: Faults, observer: EngineObserver, runMs: RunMs | null = null) {
    this.#runMs = runMs;
    this.#clock = clock;
    this.#luck = luck;
    this.#faults = faults;
    this.#observer = observer;
    this.speech = new Speech(clock, luck, faults, observer);
  }

  get answering(): boolean {
    return this.#answering;
  }

  set answering(answers: boolean) {
    if (answers === this.#answering) return;
    this.#answering = answers;
    for (const tell of this.#outageListeners) tell();
  }

  /** Tells when the engine falls silent and when it answers again. */
  onOutage(tell: () => void): () => void {
    this.#outageListeners.add(tell);
    return () => void this.#outageListeners.delete(tell);
  }

  find(id: RunnerId): SimulatedProcess | undefined {
    return this.#processes.get(id);
  }

  get alive(): readonly SimulatedProcess[] {
    return [...this.#processes.values()].filter(({ exit }) => exit === null);
  }

  /** Starts, or finds what was started under this id before. */
  start(intent: LaunchIntent): SimulatedProcess {
    const { runnerId, task, attempt, pool, cwd, runDir } = intent;
    const known = this.#processes.get(runnerId);
    if (known !== undefined) return known;
    this.#lastPid += 1;
    const process: SimulatedProcess = {
      handle: { kind: 'process', runnerId, pid: this.#lastPid, startTime: String(this.#lastPid), bootId: 'simulated', runDir },
      task,
      pool,
      attempt,
      ignoresTerm: this.#faults.strikes('runnerIgnoresTerm', runnerId),
      startedAt: this.#clock.monotonic(),
      stalls: this.#faults.strikes('runnerStalls', runnerId),
      speaks: false,
      reported: false,
      frozenUntil: 0,
      exit: null,
      lost: false,
      watchers: new Set(),
    };
    this.#processes.set(runnerId, process);
    this.#observer.processStarted(runnerId, task, pool, cwd);
    this.#live(process, intent);
    return process;
  }

  #live(process: SimulatedProcess, intent: LaunchIntent): void {
    const { runnerId } = process.handle;
    const faults = this.#faults;
    if (process.stalls) this.#observer.runnerStalls(runnerId);
    else if (this.#runMs === null) this.speech.begin(process);
    // Stopped from outside, or never.
    if (process.stalls || faults.strikes('runnerHangs', runnerId)) return;
    const runMs = this.#runMs?.(intent) ?? Math.round(this.#luck.draw(`${runnerId}|run`) ** 2 * LONGEST_RUN_MS);
    this.#clock.setTimeout(() => this.#finish(process), runMs);
  }

  #finish(process: SimulatedProcess): void {
    const frozenMs = process.frozenUntil - this.#clock.monotonic();
    if (frozenMs > 0) return void this.#clock.setTimeout(() => this.#finish(process), frozenMs);
    this.speech.finish(process, () => this.end(process, this.#ownExit(process.handle.runnerId)));
  }

  /** Processor time so far, ms: all of the time, but for one that does nothing. */
  cpuMs({ stalls, startedAt }: SimulatedProcess): number {
    return stalls ? 0 : this.#clock.monotonic() - startedAt;
  }

  reap(process: SimulatedProcess): void {
    this.#observer.orphanReaped(process.handle.runnerId);
    this.end(process, { exitCode: null, signal: 'SIGKILL', result: null });
  }

  #ownExit(id: RunnerId): Omit<ExitReport, 'at'> {
    const faults = this.#faults;
    const exited = (exitCode: number, result: object | null = null): Omit<ExitReport, 'at'> => ({
      exitCode,
      signal: null,
      result: result === null ? null : JSON.stringify(result),
    });
    if (faults.strikes('runnerForbidsRetry', id)) return exited(78);
    if (faults.strikes('runnerThrottled', id)) return exited(0, { status: 'rate_limited', retry_after: 20 });
    if (faults.strikes('runnerParks', id)) return exited(0, { status: 'needs_input', reason: 'which colour?' });
    return exited(faults.strikes('runnerFails', id) ? 1 : 0);
  }

  end(process: SimulatedProcess, exit: Omit<ExitReport, 'at'>): void {
    if (process.exit !== null) return;
    process.exit = { ...exit, at: this.#clock.wall() };
    process.lost = this.#faults.strikes('exitLost', process.handle.runnerId);
    this.#observer.processEnded(process.handle.runnerId);
    for (const tell of process.watchers) tell();
    this.speech.ended(process);
  }

  forget(id: RunnerId): void {
    this.#processes.delete(id);
  }
}
