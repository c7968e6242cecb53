import { err } from '../../domain/result.ts';
import { weightOf, type Answer, type Call } from '../core/calls.ts';
import type { Fault } from './faults.ts';
import type { SqliteStore } from './sqlite-store.ts';

/** Where a batch ends: it is answered as a whole, so a large submission must not hold up what came before it. */
const BATCH_WEIGHT = 1_000;

export interface Waiting {
  readonly number: number;
  readonly call: Call;
}

/** How long, and how often, another's lock is waited for; ms. */
export interface BusyPatience {
  readonly totalMs: number;
  readonly pauseMs: number;
}

/** What a runner needs from its thread. */
export interface BatchRunnerEnvironment {
  /** Moves everything that has arrived meanwhile into the queue. */
  readonly receive: () => void;
  readonly answer: (answers: readonly { number: number; answer: Answer }[], news: boolean) => void;
  readonly monotonic: () => number;
  readonly later: (fn: () => void, delayMs: number) => void;
  readonly patience: BusyPatience;
}

/** Group commit: whatever waits is evaluated in one transaction, in order, and answered after its commit. */
export class BatchRunner {
  readonly #store: SqliteStore;
  readonly #environment: BatchRunnerEnvironment;
  #queue: Waiting[] = [];
  #busySince: number | null = null;
  #onDrained: (() => void) | null = null;

  constructor(store: SqliteStore, environment: BatchRunnerEnvironment) {
    this.#store = store;
    this.#environment = environment;
  }

  enqueue(waiting: readonly Waiting[]): void {
    for (const each of waiting) this.#queue.push(each);
  }

  /** Calls back once nothing waits any more. */
  whenDrained(fn: () => void): void {
    this.#onDrained = fn;
  }

  /** Runs until nothing waits, or until another's lock has to be waited for. */
  pump(): void {
    if (this.#busySince !== null) return;
    this.#go();
  }

  #go(): void {
    for (;;) {
      this.#environment.receive();
      const batch = this.#cut();
      if (batch.length === 0) break;
      if (!this.#run(batch)) return;
      this.#queue = this.#queue.slice(batch.length);
    }
    this.#onDrained?.();
  }

  #cut(): readonly Waiting[] {
    let weight = 0;
    const end = this.#queue.findIndex(({ call }, index) => {
      weight += weightOf(call);
      return index > 0 && weight > BATCH_WEIGHT;
    });
    return end === -1 ? this.#queue : this.#queue.slice(0, end);
  }

  /** False when the batch stays in the queue, to be tried again. */
  #run(batch: readonly Waiting[]): boolean {
    const outcome = this.#store.run(batch.map(({ call }) => call));
    if (!outcome.ok && this.#waitsForLock(outcome.error)) return false;
    this.#busySince = null;
    if (outcome.ok) {
      const { answers, news } = outcome.value;
      const numbered = answers.map((answer, index) => ({ number: batch[index]?.number ?? 0, answer }));
      this.#environment.answer(numbered, news);
    } else if (outcome.error.storage || batch.length === 1) {
      const { error } = outcome.error;
      this.#environment.answer(batch.map(({ number }) => ({ number, answer: err(error) })), false);
    } else {
      // Not the storage, so one call is at fault: each gets a transaction of its own, and only that one fails.
      for (const [done, each] of batch.entries()) {
        if (this.#run([each])) continue;
        this.#queue = this.#queue.slice(done);
        return false;
      }
    }
    return true;
  }

  #waitsForLock(fault: Fault): boolean {
    if (!fault.busy) return false;
    const { monotonic, later, patience } = this.#environment;
    const now = monotonic();
    this.#busySince ??= now;
    if (now - this.#busySince >= patience.totalMs) return false;
    later(() => this.#go(), patience.pauseMs);
    return true;
  }
}
