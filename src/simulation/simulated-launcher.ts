import { portError } from '../domain/failures.ts';
import type { RunnerId } from '../domain/ids.ts';
import { err, ok } from '../domain/result.ts';
import type { Activity, Inspection, Launcher, LaunchIntent, RunnerHandle, StopReport, WatchEvent } from '../ports/launcher.ts';
import type { Reply } from '../ports/reply.ts';
import type { SimulatedEngine } from './engine.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { Faults } from './faults.ts';

const LONGEST_LAUNCH_MS = 30_000;
const LONGEST_LATENESS_MS = 20_000;
const TERM_TAKES_MS = 20;
const DEAD_FOR_CERTAIN = 'it is proven dead, and nobody saw how it ended';

const silent = portError('transient', 'the engine does not answer');

/** A start that was asked for and not carried out yet. */
interface Waiting {
  readonly intent: LaunchIntent;
  readonly carryOut: () => void;
}

/**
 * One dispatcher's way to the engine. What it was asked for and had not done when its dispatcher died
 * is done at once or never, so that a later look finds an answer that can no longer change.
 */
export class SimulatedLauncher implements Launcher {
  readonly type = 'local-process';
  readonly #engine: SimulatedEngine;
  readonly #faults: Faults;
  /** Later, unless the dispatcher is dead by then. */
  readonly #later: (fn: () => void, delayMs?: number) => void;
  readonly #waiting = new Map<RunnerId, Waiting>();
  readonly #tries = new Map<string, number>();

  /** Calls back once no earlier dispatcher can start anything any more. */
  readonly #whenAlone: (fn: () => void) => void;

  constructor(
    engine: SimulatedEngine,
    faults: Faults,
    later: (fn: () => void, delayMs?: number) => void,
    whenAlone: (fn: () => void) => void,
  ) {
    this.#engine = engine;
    this.#faults = faults;
    this.#later = later;
    this.#whenAlone = whenAlone;
  }

  /** The how-maniest call of this kind for this runner it is: a fault need not strike again. */
  #try(call: string, id: RunnerId): string {
    const name = `${id}|${call}`;
    const tries = (this.#tries.get(name) ?? 0) + 1;
    this.#tries.set(name, tries);
    return `${name} ${tries}`;
  }

  /** Its dispatcher is dead: what was under way is carried out now, or never. */
  abandon(): void {
    for (const { intent, carryOut } of this.#waiting.values()) {
      if (this.#faults.delay(`${intent.runnerId}|abandoned`, 2) === 0) carryOut();
    }
    this.#waiting.clear();
  }

  start(intent: LaunchIntent, reply: Reply<RunnerHandle>): void {
    const about = this.#try('start', intent.runnerId);
    const faults = this.#faults;
    const refuse = (kind: 'transient' | 'permanent', why: string): void =>
      this.#later(() => reply(err(portError(kind, why))));
    if (!this.#engine.answering) return this.#later(() => reply(err(silent)));
    if (faults.strikes('launchRefused', about)) return refuse('transient', 'no room on the machine');
    if (faults.strikes('launchImpossible', intent.runnerId)) return refuse('permanent', 'command not found');
    const delay = faults.strikes('launchSlow', about) ? faults.delay(about, LONGEST_LAUNCH_MS) : 0;
    const carryOut = (): void => void this.#engine.start(intent);
    this.#waiting.set(intent.runnerId, { intent, carryOut });
    this.#later(() => {
      this.#waiting.delete(intent.runnerId);
      const { handle } = this.#engine.start(intent);
      const lost = faults.strikes('launchAnswerLost', about);
      this.#later(() => reply(lost ? err(portError('transient', 'the answer was lost')) : ok(handle)));
    }, delay);
  }

  watch(handle: RunnerHandle, notify: (event: WatchEvent) => void): () => void {
    const faults = this.#faults;
    const id = handle.runnerId;
    let watching = true;
    let toldSilence = false;
    const tell = (event: WatchEvent, delayMs = 0): void => this.#later(() => void (watching && notify(event)), delayMs);
    const process = this.#engine.find(id);
    const tellEnd = (): void => {
      // Told once the engine answers again.
      if (!this.#engine.answering) return;
      const delay = faults.strikes('exitLate', id) ? faults.delay(id, LONGEST_LATENESS_MS) : 0;
      const event: WatchEvent =
        process === undefined || process.exit === null || process.lost
          ? { kind: 'vanished', reason: DEAD_FOR_CERTAIN }
          : { kind: 'exited', exit: process.exit };
      tell(event, delay);
      if (faults.strikes('exitDoubled', id)) tell(event, delay + 1);
    };
    const onOutage = (): void => {
      if (!this.#engine.answering) {
        toldSilence = true;
        tell({ kind: 'engineSilent', reason: silent.message });
      } else if (toldSilence) {
        toldSilence = false;
        tell({ kind: 'engineAnswers' });
        if (process === undefined || process.exit !== null) tellEnd();
      }
    };
    const offOutage = this.#engine.onOutage(onOutage);
    process?.watchers.add(tellEnd);
    if (process === undefined || process.exit !== null) tellEnd();
    if (!this.#engine.answering) onOutage();
    return () => {
      watching = false;
      offOutage();
      process?.watchers.delete(tellEnd);
    };
  }

  stop(handle: RunnerHandle, graceMs: number, reply: Reply<StopReport>): void {
    const id = handle.runnerId;
    const about = this.#try('stop', id);
    const faults = this.#faults;
    const process = this.#engine.find(id);
    if (!this.#engine.answering) return this.#later(() => reply(err(silent)));
    if (faults.strikes('stopFails', about)) return this.#later(() => reply(err(portError('transient', 'the stop failed'))));
    const alive = process?.exit === null;
    if (alive && faults.strikes('stopSurvived', about)) {
      const survivors = [id];
      return this.#later(() => reply(ok({ exit: null, survivors })), graceMs);
    }
    const kills = process === undefined || process.ignoresTerm || graceMs <= TERM_TAKES_MS;
    const takes = !alive ? 0 : kills ? graceMs : TERM_TAKES_MS;
    this.#later(() => {
      if (process !== undefined) this.#engine.end(process, { exitCode: null, signal: kills ? 'SIGKILL' : 'SIGTERM', result: null });
      const exit = process === undefined || process.lost ? null : process.exit;
      this.#later(() => reply(ok({ exit, survivors: [] })));
    }, takes);
  }

  inspect(id: RunnerId, _runDir: string, reply: Parameters<Launcher['inspect']>[2]): void {
    const about = this.#try('inspect', id);
    if (!this.#engine.answering || this.#faults.strikes('inspectionFails', about)) {
      return this.#later(() => reply(err(silent)));
    }
    this.#whenAlone(() => this.#later(() => reply(ok(found(this.#engine.find(id))))));
  }

  forget(id: RunnerId): void {
    this.#later(() => this.#engine.forget(id));
  }

  logs(_runDir: string, _from: number, reply: Parameters<Launcher['logs']>[2]): void {
    this.#later(() => reply(ok({ chunk: new Uint8Array(), next: 0 })));
  }

  activity(handle: RunnerHandle, reply: Reply<Activity>): void {
    const process = this.#engine.find(handle.runnerId);
    if (!this.#engine.answering) return this.#later(() => reply(err(silent)));
    const cpuMs = process === undefined ? null : this.#engine.cpuMs(process);
    this.#later(() => reply(ok({ outputBytes: 0, cpuMs })));
  }

  list(reply: Reply<readonly RunnerId[]>): void {
    if (!this.#engine.answering) return this.#later(() => reply(err(silent)));
    const ids = this.#engine.alive.map(({ handle }) => handle.runnerId);
    this.#later(() => reply(ok(ids)));
  }

  reap(id: RunnerId, reply: Reply<StopReport>): void {
    const process = this.#engine.find(id);
    if (process !== undefined) this.#engine.reap(process);
    this.#later(() => reply(ok({ exit: null, survivors: [] })));
  }

  health(reply: Reply<null>): void {
    this.#later(() => reply(this.#engine.answering ? ok(null) : err(silent)));
  }

  close(reply: Reply<null>): void {
    this.#later(() => reply(ok(null)));
  }
}

const found = (process: SimulatedProcess | undefined): Inspection => {
  if (process === undefined) return { kind: 'neverStarted' };
  const { handle, exit, lost } = process;
  if (exit === null) return { kind: 'alive', handle };
  return lost ? { kind: 'vanished', reason: DEAD_FOR_CERTAIN } : { kind: 'exited', handle, exit };
};
