import { setTimeout as delay } from 'node:timers/promises';
import {
  heartbeatAnswerSchema,
  RUNNER_PATH,
  type Heartbeat,
  type HeartbeatAnswer,
  type ReportedArtifact,
} from '../protocol/runner-protocol.ts';
import type { ReportedResult } from '../protocol/runner-result.ts';

const BEAT_MS = 10_000;
const CALL_PATIENCE_MS = 30_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

export interface RunnerClientOptions {
  /** Default: `DISPATCHER_URL` and `RUNNER_TOKEN` of the environment. */
  readonly url?: string;
  readonly token?: string;
  /** Between two heartbeats, ms; default 10 s. */
  readonly heartbeatMs?: number;
}

/** The dispatcher has refused a call, and will go on refusing it. `status`: of HTTP; 409: the attempt is over. */
export class RunnerCallError extends Error {
  override readonly name = 'RunnerCallError';
  readonly status: number;

  constructor(status: number, detail: string) {
    super(`the dispatcher refused this (${status}): ${detail}`);
    this.status = status;
  }
}

/** Worth another try: nobody there, busy, starting again. */
const isPassing = (status: number): boolean => status === 429 || status >= 500;

const fromEnvironment = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set: this is no runner of a dispatcher that serves its API`);
  return value;
};

const detailOf = async (answer: Response): Promise<string> => {
  const text = await answer.text().catch(() => '');
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && 'detail' in body ? String(body.detail) : text;
  } catch {
    return text;
  }
};

/**
 * The runner protocol for runners written for Node. From its making to `close` it sends a heartbeat every
 * 10 s; calls are repeated as long as the dispatcher is away, for it may be starting again.
 *
 * @example
 * const client = new RunnerClient();
 * const { task_title } = await client.context();
 * for (const step of steps) {
 *   if (client.stop.aborted) break;
 *   client.progress(step.share, step.name);
 *   await step.work(client.stop);
 * }
 * await client.complete({ status: 'done' });
 */
export class RunnerClient {
  readonly #url: string;
  readonly #token: string;
  readonly #heartbeatMs: number;
  readonly #closed = new AbortController();
  readonly #stop = new AbortController();
  readonly #beating: Promise<void>;
  #news: Heartbeat = {};
  #soon: AbortController = new AbortController();

  /** @throws when there is neither an option nor a variable that says where the dispatcher is */
  constructor(options: RunnerClientOptions = {}) {
    this.#url = options.url ?? fromEnvironment('DISPATCHER_URL');
    this.#token = options.token ?? fromEnvironment('RUNNER_TOKEN');
    this.#heartbeatMs = options.heartbeatMs ?? BEAT_MS;
    this.#beating = this.#beat();
  }

  /** Aborted once the runner is to end: it is being stopped, or its attempt is over. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** Tells how far the work is, with a heartbeat at once. */
  progress(progress: unknown, message?: string): void {
    this.#news = { ...this.#news, progress, ...(message === undefined ? {} : { message }) };
    this.#soon.abort();
  }

  /** The task context, as in `context.json`. */
  async context(): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.#call('context', 'GET');
    return (await answer.json()) as Readonly<Record<string, unknown>>;
  }

  async artifact(artifact: ReportedArtifact): Promise<void> {
    await this.#call('artifacts', 'POST', artifact);
  }

  /** Reports the result, for good, and ends the heartbeats. Resolves once the dispatcher has stored it. */
  async complete(result: ReportedResult): Promise<void> {
    await this.#call('complete', 'POST', result);
    await this.close();
  }

  /** Ends the heartbeats. */
  async close(): Promise<void> {
    this.#closed.abort();
    this.#soon.abort();
    await this.#beating;
  }

  async #beat(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      const news = this.#news;
      this.#news = {};
      this.#soon = new AbortController();
      try {
        const answer = await this.#call('heartbeat', 'POST', news);
        this.#obey(heartbeatAnswerSchema.parse(await answer.json()));
      } catch (error) {
        // 409: another attempt has taken over, and what this one does is in vain.
        if (error instanceof RunnerCallError && error.status === 409) return this.#stop.abort(error);
      }
      await delay(this.#heartbeatMs, undefined, { signal: this.#soon.signal, ref: false }).catch(() => undefined);
    }
  }

  #obey({ directive }: HeartbeatAnswer): void {
    if (directive === 'stop') this.#stop.abort(new Error('the dispatcher stops this runner'));
  }

  async #call(what: string, method: 'GET' | 'POST', body?: unknown): Promise<Response> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const answer = await this.#try(what, method, body);
      if (answer?.ok === true) return answer;
      if (answer !== null && !isPassing(answer.status)) throw new RunnerCallError(answer.status, await detailOf(answer));
      await answer?.body?.cancel();
      // A heartbeat that comes late is no better than the next one.
      if (what === 'heartbeat') throw new Error('the dispatcher is away');
      await delay(pause);
    }
  }

  /** `null`: nobody answered. */
  async #try(what: string, method: 'GET' | 'POST', body: unknown): Promise<Response | null> {
    try {
      return await fetch(`${this.#url}${RUNNER_PATH}/${what}`, {
        method,
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        signal: AbortSignal.timeout(CALL_PATIENCE_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch {
      return null;
    }
  }
}
