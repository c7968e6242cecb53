import type { RunnerPortMessage } from '../../machines/messages.ts';
import type { PoolName, RunnerId, SlotId, TaskKey } from '../domain/ids.ts';
import type { RunnerResult } from '../domain/outcome.ts';
import type { RunnerHandle } from '../ports/launcher.ts';
import type { Clock } from '../ports/clock.ts';
import type { Answer } from './port-actor.ts';
import { WorkWatch } from './work-watch.ts';

/** Who a runner is: what its reports have to name, and what events tell of it. */
export interface RunnerIdentity {
  readonly runnerId: RunnerId;
  readonly key: TaskKey;
  readonly attempt: number;
  readonly pool: PoolName;
  readonly slotId: SlotId | null;
}

export interface ExpectedRunner extends RunnerIdentity {
  readonly runDir: string;
}

/** What a live runner is watched by. Times in ms. */
export interface WatchTerms {
  readonly handle: RunnerHandle;
  readonly slotPath: string | null;
  /** Wall time of its run-time limit. */
  readonly limitWallAt: number | null;
  readonly stallMs: number;
  /** To its actor. */
  readonly tell: Answer<RunnerPortMessage>;
}

/** What a runner said of its work, as it came. */
export interface Beat {
  readonly progress?: unknown;
  readonly message?: string | undefined;
  readonly usage?: unknown;
}

/** A result that was given over the protocol. `at`: ms since the epoch. */
export interface Completion {
  readonly text: string;
  readonly result: RunnerResult;
  readonly at: number;
}

/** One runner as its dispatcher hears it. `…At` without `Wall` are attended ms. */
export class HeardRunner {
  readonly identity: ExpectedRunner;
  /** `null` until it is known to live, and again once it is known not to. */
  watched: (WatchTerms & { readonly work: WorkWatch }) | null = null;
  /** Its process has come to its end: whatever is said in its name now is too late. */
  ended = false;
  /** It is being stopped, and is to be told so. */
  stopping = false;
  /** From its first word on it must go on. */
  spoke = false;
  heardAt: number;
  suspected = false;
  progress: unknown = null;
  message: string | null = null;
  completion: Completion | null = null;
  completedAt: number | null = null;
  artifacts = 0;
  #said = '';

  constructor(identity: ExpectedRunner, now: number) {
    this.identity = identity;
    this.heardAt = now;
  }

  /** True when it says something new of its work, not only that it is there. */
  note({ progress, message, usage }: Beat, now: number): boolean {
    this.spoke = true;
    this.heardAt = now;
    if (progress !== undefined) this.progress = progress;
    if (message !== undefined) this.message = message;
    const said = JSON.stringify([progress, message, usage]);
    const isNews = said !== this.#said && (progress ?? message ?? usage) !== undefined;
    this.#said = said;
    return isNews;
  }
}

/**
 * Every runner of this dispatcher that has been started or looked for and is not settled yet, and when it
 * was last heard. Written by the HTTP server and by port calls, read by the sweep: a heartbeat is no
 * message to an actor.
 *
 * Time is counted in attended ms: the monotonic clock less what the dispatcher itself was late, so that its
 * own stall makes nobody look silent.
 */
export class HeartbeatTable {
  readonly #clock: Clock;
  readonly #runners = new Map<RunnerId, HeardRunner>();
  #missedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#runners.size;
  }

  /** Attended ms. */
  now(): number {
    return this.#clock.monotonic() - this.#missedMs;
  }

  /** The dispatcher was not there for so many ms: everybody has that much more time. */
  forgive(latenessMs: number): void {
    this.#missedMs += Math.max(0, latenessMs);
  }

  find(id: RunnerId): HeardRunner | undefined {
    return this.#runners.get(id);
  }

  /** It may speak from now on; it is about to be started, or is looked for. */
  expect(identity: ExpectedRunner): HeardRunner {
    const known = this.#runners.get(identity.runnerId);
    if (known !== undefined) {
      known.ended = false;
      return known;
    }
    const runner = new HeardRunner(identity, this.now());
    this.#runners.set(identity.runnerId, runner);
    return runner;
  }

  /** It lives: from now on it is watched, with a full time-out before it. Returns what ends that. */
  attend(id: RunnerId, terms: WatchTerms): () => void {
    const runner = this.#runners.get(id);
    if (runner === undefined) return () => undefined;
    runner.heardAt = this.now();
    runner.suspected = false;
    runner.ended = false;
    runner.watched = { ...terms, work: new WorkWatch(terms.stallMs, this.now()) };
    return () => {
      runner.watched = null;
      this.end(id);
    };
  }

  /** It is told to stop with the answer to its next heartbeat. */
  stopping(id: RunnerId): void {
    const runner = this.#runners.get(id);
    if (runner !== undefined) runner.stopping = true;
  }

  /** Its end is known, and judged by what it has said until now. */
  end(id: RunnerId): void {
    const runner = this.#runners.get(id);
    if (runner !== undefined) runner.ended = true;
  }

  /** Its outcome is stored. */
  drop(id: RunnerId): HeardRunner | undefined {
    const runner = this.#runners.get(id);
    this.#runners.delete(id);
    return runner;
  }

  heard(runner: HeardRunner, beat: Beat): void {
    const now = this.now();
    if (runner.note(beat, now)) runner.watched?.work.worked(now);
    if (!runner.suspected) return;
    runner.suspected = false;
    runner.watched?.tell({ type: 'heartbeat.resumed' });
  }

  complete(runner: HeardRunner, completion: Completion): void {
    runner.completion = completion;
    runner.completedAt = this.now();
  }

  *[Symbol.iterator](): Iterator<HeardRunner> {
    yield* this.#runners.values();
  }
}
