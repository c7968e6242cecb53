import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from './engine.ts';
import { isMissing } from './engine-failure.ts';

const HEADER = 8;
const RETRY_MS = 1000;

/**
 * The payload of the engine's frames, both streams in the order in which they come.
 * @see Docker Engine API, "Attach to a container", Stream format
 */
async function* payloads(stream: NodeJS.ReadableStream): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk;
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const parts: Buffer[] = [];
    while (rest.length >= HEADER) {
      const end = HEADER + rest.readUInt32BE(4);
      if (rest.length < end) break;
      parts.push(rest.subarray(HEADER, end));
      rest = rest.subarray(end);
    }
    // A frame is a line: a write for each would take a minute for a few megabytes.
    yield Buffer.concat(parts);
  }
}

/**
 * A container's output, copied into a file while it runs and to its last byte when it has ended. The
 * engine's record only grows, so that after any break the copy goes on where the file ends. Removing
 * the container then loses nothing.
 */
export class ContainerLog {
  readonly #engine: Engine;
  readonly #container: string;
  readonly #path: string;
  readonly #stopped = new AbortController();
  readonly #following: Promise<void>;

  /** @param path in a folder that no container can write to */
  constructor(engine: Engine, container: string, path: string) {
    this.#engine = engine;
    this.#container = container;
    this.#path = path;
    this.#following = this.#follow();
  }

  /** Copies what is left. Resolves when the file is whole, or the container is gone. */
  async finish(giveUp: AbortSignal): Promise<void> {
    this.stop();
    await this.#following;
    while (!giveUp.aborted && !(await this.#copy(giveUp))) await pause(giveUp);
  }

  /** Leaves the file as it is. */
  stop(): void {
    this.#stopped.abort();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted && !(await this.#copy(signal))) await pause(signal);
  }

  /** Up to the container's end. False when it broke off before: then it has to be done again. */
  async #copy(signal: AbortSignal): Promise<boolean> {
    const opened = await this.#engine.open(
      (docker, abortSignal) =>
        // Not following, dockerode would hold everything in memory; of an ended one it is the same.
        docker.getContainer(this.#container).logs({ follow: true, stdout: true, stderr: true, abortSignal }),
      signal,
    );
    if (!opened.ok) return isMissing(opened.error);
    try {
      await this.#append(opened.value);
      return true;
    } catch {
      return false;
    }
  }

  async #append(stream: NodeJS.ReadableStream): Promise<void> {
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
    const file = await open(this.#path, flags, 0o600);
    try {
      let skip = (await file.stat()).size;
      for await (const payload of payloads(stream)) {
        const fresh = payload.subarray(Math.min(skip, payload.length));
        skip -= payload.length - fresh.length;
        if (fresh.length > 0) await file.writeFile(fresh);
      }
    } finally {
      await file.close();
    }
  }
}

const pause = (signal: AbortSignal): Promise<void> => delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
