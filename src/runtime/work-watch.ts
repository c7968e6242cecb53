/** A look at what a runner has done so far; `null`: nobody can say. */
export interface WorkSigns {
  readonly outputBytes: number | null;
  readonly cpuMs: number | null;
  /** Latest change in its slot, ms since the epoch. */
  readonly slotChangedAt: number | null;
}

/** Looks while a stall goes on: at a third it is warned of, so three looks before that at the least. */
const LOOKS = 10;
const LONGEST_PAUSE_MS = 30_000;
/**
 * Processor time that is no work: less than 1 ms in a second, as a program that only waits and sends its
 * heartbeats uses (2 ms in 10 s were measured for Node).
 */
const IDLE_CPU_SHARE = 0.001;

export type WorkState = 'working' | 'stalling' | 'stalled';

/** Finds out, from several signs together, whether a runner does anything. Times in attended ms. */
export class WorkWatch {
  readonly stallMs: number;
  readonly #pauseMs: number;
  #signs: WorkSigns | null = null;
  #workedAt: number;
  #lookedAt: number;
  #warned = false;
  /** A look is under way. */
  looking = false;

  constructor(stallMs: number, now: number) {
    this.stallMs = stallMs;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, stallMs / LOOKS);
    this.#workedAt = now;
    this.#lookedAt = now;
  }

  /** It said something new of its work. */
  worked(now: number): void {
    this.#workedAt = now;
    this.#warned = false;
  }

  isDue(now: number): boolean {
    return !this.looking && now - this.#lookedAt >= this.#pauseMs;
  }

  /** The look failed: nothing is concluded from it, and the time that passed does not count. */
  sawNothing(now: number): void {
    this.looking = false;
    this.#lookedAt = now;
    this.worked(now);
  }

  idleMs(now: number): number {
    return now - this.#workedAt;
  }

  /** Takes in a look. `stalling` is said once in a stall. */
  saw(signs: WorkSigns, now: number): WorkState {
    this.looking = false;
    if (this.#hasWorked(signs, now - this.#lookedAt)) this.worked(now);
    this.#signs = signs;
    this.#lookedAt = now;
    const idleMs = this.idleMs(now);
    if (idleMs >= this.stallMs) return 'stalled';
    if (idleMs < this.stallMs / 3 || this.#warned) return 'working';
    this.#warned = true;
    return 'stalling';
  }

  #hasWorked({ outputBytes, cpuMs, slotChangedAt }: WorkSigns, sinceMs: number): boolean {
    const before = this.#signs;
    // The first look has nothing to be compared with: it speaks for the runner.
    if (before === null) return true;
    // A sign that cannot be seen speaks neither for nor against.
    const changed = (now: number | null, then: number | null): boolean => now !== null && then !== null && now !== then;
    if (changed(outputBytes, before.outputBytes) || changed(slotChangedAt, before.slotChangedAt)) return true;
    if (cpuMs === null || before.cpuMs === null) return false;
    // Less than before: a child has ended whose time nobody took over.
    return cpuMs < before.cpuMs || cpuMs - before.cpuMs > sinceMs * IDLE_CPU_SHARE;
  }
}
