import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { KubernetesApi } from './api.ts';
import { RUNNER_CONTAINER } from './names.ts';

/** Between two attempts to read a log, in ms. */
const RETRY_MS = 1_000;
/** How often the rest of a log is asked for when the server answers with refusals. */
const REFUSALS = 10;
/** How long the last bytes of a followed log may take after the container has ended, in ms. */
const TAIL_MS = 10_000;

/** How one reading of a log ended. `gone`: there is no such pod any more, or no log of it. */
type Reading = 'whole' | 'broken' | 'refused' | 'gone';

/**
 * The output of one pod, kept in a file of ours. It is followed while it is written, and at the end
 * read once more from its beginning, past what the file has: so it is complete whatever broke meanwhile.
 */
export class PodLog {
  readonly #api: KubernetesApi;
  readonly #path: string;
  readonly #file: string;
  readonly #ended = new AbortController();
  #following: Promise<void> | null = null;
  /** Of the container: no new output comes. */
  #over = false;

  constructor(api: KubernetesApi, namespace: string, pod: string, file: string) {
    this.#api = api;
    this.#path = `/api/v1/namespaces/${namespace}/pods/${pod}/log`;
    this.#file = file;
  }

  /** Begins to copy what the container says; a second call changes nothing. */
  follow(): void {
    this.#following ??= this.#follow();
  }

  /** Resolves when all that the container said is in the file; call it once the container has ended. */
  async finish(): Promise<void> {
    this.#over = true;
    const tail = setTimeout(() => this.#ended.abort(), TAIL_MS);
    await this.#following;
    clearTimeout(tail);
    for (let refusals = 0; refusals < REFUSALS && !this.#api.closed; ) {
      const reading = await this.#read(false, new AbortController().signal);
      if (reading === 'whole' || reading === 'gone') return;
      if (reading === 'refused') refusals += 1;
      await delay(RETRY_MS);
    }
  }

  /** Reads no further; what is missing the next dispatcher adds. */
  abandon(): void {
    this.#over = true;
    this.#ended.abort();
  }

  async #follow(): Promise<void> {
    while (!this.#over) {
      const reading = await this.#read(true, this.#ended.signal);
      if (reading === 'gone' || this.#over) return;
      await delay(RETRY_MS, undefined, { signal: this.#ended.signal }).catch(() => undefined);
    }
  }

  /** Reads from the first byte on, and appends what the file does not have yet. */
  async #read(follow: boolean, signal: AbortSignal): Promise<Reading> {
    const answer = await this.#api.stream(this.#path, { container: RUNNER_CONTAINER, follow: String(follow) }, signal);
    if (!answer.ok) {
      if (answer.error.status === 404) return 'gone';
      return answer.error.status === null ? 'broken' : 'refused';
    }
    let file: FileHandle | null = null;
    try {
      file = await open(this.#file, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
      let known = (await file.stat()).size;
      let at = 0;
      for await (const chunk of answer.value) {
        const fresh = at + chunk.length <= known ? null : chunk.subarray(Math.max(0, known - at));
        at += chunk.length;
        if (fresh === null) continue;
        await file.write(fresh, 0, fresh.length, known);
        known += fresh.length;
      }
      return 'whole';
    } catch {
      return 'broken';
    } finally {
      await file?.close();
    }
  }
}
