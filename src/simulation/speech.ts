import type { RunnerDesk } from '../runtime/runner-desk.ts';
import type { Faults } from './faults.ts';
import type { KeyedEntropy } from './keyed-entropy.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Who sees what runners say, and which of them have fallen silent. */
export interface SpeechObserver {
  /** A runner has sent a heartbeat; whether anybody heard it is another matter. */
  runnerSpoke(runner: string): void;
  /** It does nothing from its start on. */
  runnerStalls(runner: string): void;
  /** Its report was taken, for good. */
  completionTaken(runner: string): void;
}

/** Puts words to whichever dispatcher is there; `false`: nobody is. */
export type Deliver = (words: (desk: RunnerDesk) => void) => boolean;

const BEAT_MS = 10_000;
const AGAIN_MS = 3_000;
const LONGEST_SILENCE_MS = 180_000;
const LONGEST_LATENESS_MS = 30_000;
const DONE = '{"status":"done"}';

/** What runners do with the runner protocol: half of them speak it, as their luck has it. */
export class Speech {
  readonly #clock: VirtualClock;
  readonly #luck: KeyedEntropy;
  readonly #faults: Faults;
  readonly #observer: SpeechObserver;
  deliver: Deliver = () => false;

  constructor(clock: VirtualClock, luck: KeyedEntropy, faults: Faults, observer: SpeechObserver) {
    this.#clock = clock;
    this.#luck = luck;
    this.#faults = faults;
    this.#observer = observer;
  }

  begin(process: SimulatedProcess): void {
    const { runnerId } = process.handle;
    if (!this.#luck.chance(`${runnerId}|speaks`, 0.5)) return;
    process.speaks = true;
    if (this.#faults.strikes('runnerFallsSilent', runnerId)) {
      this.#clock.setTimeout(() => {
        process.frozenUntil = this.#clock.monotonic() + 1 + this.#faults.delay(`${runnerId}|silence`, LONGEST_SILENCE_MS);
      }, this.#faults.delay(`${runnerId}|silent from`, LONGEST_LATENESS_MS));
    }
    this.#beat(process);
  }

  #beat(process: SimulatedProcess): void {
    if (process.exit !== null) return;
    const frozenMs = process.frozenUntil - this.#clock.monotonic();
    if (frozenMs > 0) return void this.#clock.setTimeout(() => this.#beat(process), frozenMs);
    const { handle, attempt } = process;
    this.#observer.runnerSpoke(handle.runnerId);
    this.deliver((desk) => void desk.heartbeat({ runnerId: handle.runnerId, attempt }, {}));
    this.#clock.setTimeout(() => this.#beat(process), BEAT_MS);
  }

  /** Its work is done: does it say so before it ends? Goes on once the word is taken, or it is told that it counts no longer. */
  finish(process: SimulatedProcess, end: () => void): void {
    const { runnerId } = process.handle;
    if (!process.speaks || !this.#luck.chance(`${runnerId}|reports`, 0.5)) return end();
    this.#report(process, () => {
      // It was done, and does not end: it has to be helped.
      if (!this.#faults.strikes('runnerLingers', runnerId)) end();
    });
  }

  #report(process: SimulatedProcess, then: () => void): void {
    if (process.exit !== null) return;
    const { handle, attempt } = process;
    this.deliver((desk) => {
      desk.complete({ runnerId: handle.runnerId, attempt }, DONE, (reply) => {
        if (reply.ok) this.#observer.completionTaken(handle.runnerId);
        if (process.reported || (!reply.ok && reply.error.kind !== 'fenced')) return;
        process.reported = true;
        then();
      });
    });
    // Nobody answered: a dispatcher that died in between, or none at all.
    this.#clock.setTimeout(() => void (process.exit === null && !process.reported && this.#report(process, then)), AGAIN_MS);
  }

  /** After its end a word may still be on its way: it must change nothing. */
  ended({ handle, attempt, speaks }: SimulatedProcess): void {
    const { runnerId } = handle;
    if (!speaks || !this.#faults.strikes('reportLate', runnerId)) return;
    this.#clock.setTimeout(() => {
      this.deliver((desk) => {
        desk.heartbeat({ runnerId, attempt }, {});
        // Its end may not be known yet: then it counts.
        desk.complete({ runnerId, attempt }, DONE, (reply) => {
          if (reply.ok) this.#observer.completionTaken(runnerId);
        });
      });
    }, 1 + this.#faults.delay(`${runnerId}|late`, LONGEST_LATENESS_MS));
  }
}
