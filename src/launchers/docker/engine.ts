import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { err, ok, type Result } from '../../domain/result.ts';
import { failureOf, type EngineFailure } from './engine-failure.ts';

/** How long an answer may take that is not a stream, in ms. Making a container copies nothing, but waits for a busy disk. */
const PATIENCE_MS = 60_000;

export type Surroundings = Readonly<Record<string, string | undefined>>;

/** Certificates as the docker client finds them. */
const certificates = (environment: Surroundings): Docker.DockerOptions => {
  const folder = environment['DOCKER_CERT_PATH'];
  if (folder === undefined || folder === '') return {};
  const read = (name: string): Buffer => readFileSync(join(folder, name));
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
};

const optionsOf = (address: string, environment: Surroundings): Docker.DockerOptions => {
  const path = /^(?:unix|npipe):\/\/(.*)$/.exec(address)?.[1];
  if (path !== undefined) return { socketPath: path };
  const { hostname, port, protocol } = new URL(address);
  const secure = protocol === 'https:' || environment['DOCKER_TLS_VERIFY'] === '1' || port === '2376';
  return { host: hostname, port, protocol: secure ? 'https' : 'http', ...(secure ? certificates(environment) : {}) };
};

const DEFAULT_ADDRESS = 'unix:///var/run/docker.sock';

/** Where the engine of a pool is: as configured, or as `DOCKER_HOST` says, or the usual socket. */
export const engineAddress = (host: string | null, environment: Surroundings): string =>
  host ?? (environment['DOCKER_HOST'] || DEFAULT_ADDRESS);

/** One engine, reached through dockerode. Nothing here rejects. */
export class Engine {
  readonly address: string;
  readonly #docker: Docker;
  readonly #closed = new AbortController();

  /** Throws when certificates cannot be read. */
  constructor(address: string, environment: Surroundings) {
    this.address = address;
    this.#docker = new Docker(optionsOf(address, environment));
  }

  /** A call that is over once it is answered. */
  async call<T>(work: (docker: Docker, signal: AbortSignal) => Promise<T>, patienceMs: number = PATIENCE_MS): Promise<Result<T, EngineFailure>> {
    const signal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(patienceMs)]);
    const late = Promise.withResolvers<never>();
    // Also where the library does not listen to the signal.
    signal.addEventListener('abort', () => late.reject(new DOMException('late', 'AbortError')), { once: true });
    late.promise.catch(() => undefined);
    try {
      return ok(await Promise.race([work(this.#docker, signal), late.promise]));
    } catch (error) {
      return err(failureOf(error, this.address));
    }
  }

  /** A call whose answer goes on until `signal` is aborted. */
  async open(
    work: (docker: Docker, signal: AbortSignal) => Promise<NodeJS.ReadableStream>,
    signal: AbortSignal,
  ): Promise<Result<NodeJS.ReadableStream, EngineFailure>> {
    const both = AbortSignal.any([this.#closed.signal, signal]);
    try {
      const stream = await work(this.#docker, both);
      // Who reads it hears of its errors; between two reads nobody does.
      stream.on('error', () => undefined);
      return ok(stream);
    } catch (error) {
      return err(failureOf(error, this.address));
    }
  }

  failure(error: unknown): EngineFailure {
    return failureOf(error, this.address);
  }

  /** Everything under way is broken off. */
  close(): void {
    this.#closed.abort();
  }
}
