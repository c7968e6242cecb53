import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Engine } from './engine.ts';
import { failureOf, type EngineFailure } from './engine-failure.ts';
import { streamLines } from './stream-lines.ts';

/** Between two looks at an engine that does not answer, in ms. */
const RETRY_MS = 1000;
/** Between two looks at one that does: a connection may be dead without a word. */
const LOOK_EVERY_MS = 5000;
const LOOK_PATIENCE_MS = 5000;
/** Of so many looks one lists everything, for news that was lost. */
const LIST_EVERY = 4;

const eventSchema = z.object({ Actor: z.object({ ID: z.string() }) });

export interface MonitorTerms {
  readonly engine: Engine;
  /** Labels that containers of interest have. */
  readonly labels: readonly string[];
  /** This container has ended, or is gone. May be told more than once. */
  readonly ended: (containerId: string) => void;
  /** All that are there and have not ended; whoever is missing has, or is gone. */
  readonly listed: (living: ReadonlySet<string>) => void;
  readonly fellSilent: (reason: string) => void;
  readonly answers: () => void;
}

/** Hears of ends by the engine's events; after every break of that connection, and now and then, it lists again. */
export class EngineMonitor {
  readonly #terms: MonitorTerms;
  readonly #stopped = new AbortController();
  #silence: string | null = null;

  constructor(terms: MonitorTerms) {
    this.#terms = terms;
    void this.#run();
  }

  /** Why nothing is known; `null` while the engine answers. */
  get silence(): string | null {
    return this.#silence;
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const broken = await this.#listen();
      if (signal.aborted) return;
      this.#fallSilent(broken.message);
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** As long as the connection lasts. */
  async #listen(): Promise<EngineFailure> {
    const { engine, labels } = this.#terms;
    const breakOff = new AbortController();
    const signal = AbortSignal.any([this.#stopped.signal, breakOff.signal]);
    const filters = { type: ['container' as const], event: ['die', 'destroy'], label: [...labels] };
    // Before the list: what happens between the two is told by both.
    const asked = setTimeout(() => breakOff.abort(), LOOK_PATIENCE_MS);
    const events = await engine.open((docker, abortSignal) => docker.getEvents({ filters, abortSignal }), signal);
    clearTimeout(asked);
    if (!events.ok) return events.error;
    const looks = this.#lookOn(signal);
    const ended = this.#read(events.value);
    const failure = await Promise.race([looks, ended]);
    breakOff.abort();
    await Promise.all([looks, ended]);
    return failure;
  }

  async #read(events: NodeJS.ReadableStream): Promise<EngineFailure> {
    try {
      for await (const line of streamLines(events)) {
        const id = containerOf(line);
        if (id !== null) this.#terms.ended(id);
      }
      return failureOf(new Error('it closed the connection'), this.#terms.engine.address);
    } catch (error) {
      return this.#terms.engine.failure(error);
    }
  }

  async #lookOn(signal: AbortSignal): Promise<EngineFailure> {
    for (let round = 0; !signal.aborted; round += 1) {
      const look = round % LIST_EVERY === 0 ? await this.#list() : await this.#ping();
      if (signal.aborted) break;
      if (!look.ok) return look.error;
      this.#answered();
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
    return failureOf(new Error('it closed the connection'), this.#terms.engine.address);
  }

  async #ping(): Promise<Result<null, EngineFailure>> {
    const ping = await this.#terms.engine.call((docker) => docker.ping(), LOOK_PATIENCE_MS);
    return ping.ok ? ok(null) : err(ping.error);
  }

  async #list(): Promise<Result<null, EngineFailure>> {
    const { engine, labels, listed } = this.#terms;
    const all = await engine.call(
      (docker, abortSignal) => docker.listContainers({ all: true, filters: { label: [...labels] }, abortSignal }),
      LOOK_PATIENCE_MS * 2,
    );
    if (!all.ok) return all;
    listed(new Set(all.value.filter(({ State }) => State !== 'exited' && State !== 'dead').map(({ Id }) => Id)));
    return ok(null);
  }

  #fallSilent(reason: string): void {
    if (this.#silence !== null) return;
    this.#silence = reason;
    this.#terms.fellSilent(reason);
  }

  #answered(): void {
    if (this.#silence === null) return;
    this.#silence = null;
    this.#terms.answers();
  }
}

const containerOf = (line: string): string | null => {
  try {
    const event = eventSchema.safeParse(JSON.parse(line));
    return event.success ? event.data.Actor.ID : null;
  } catch {
    return null;
  }
};
