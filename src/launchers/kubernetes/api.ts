import { Writable } from 'node:stream';
import { Exec, HttpMethod, IsomorphicFetchHttpLibrary, RequestContext, type KubeConfig, type ResponseContext } from '@kubernetes/client-node';
import { err, ok, type Result } from '../../domain/result.ts';
import { noAnswer, refusal, type ApiFailure } from './api-failure.ts';
import { RequestPace } from './request-pace.ts';

/** How long the server may take for a plain request, in ms. */
const ANSWER_MS = 15_000;
/** How long the answer of a short command may take once it was sent, in ms. */
const EXECUTE_MS = 3_000;
/** How often a request is repeated that met 429, and how long without a `Retry-After`, in ms. */
const THROTTLE_TRIES = 5;
const THROTTLE_MS = 1_000;

export type Query = Readonly<Record<string, string>>;

export interface ApiCall {
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

/** What is used of the library's web socket, whose types it does not bring along. */
interface Socket {
  addEventListener(type: 'close', listener: () => void): void;
  close(): void;
}

type Answer<T> = Promise<Result<T, ApiFailure>>;

/**
 * The API server behind one kubeconfig. The client library knows how to reach it and who we are; what
 * is asked goes through one place here, for there is one pace, one time-out and one kind of failure.
 */
export class KubernetesApi {
  readonly #config: KubeConfig;
  readonly #server: string;
  readonly #library = new IsomorphicFetchHttpLibrary();
  readonly #pace = new RequestPace();
  readonly #closing = new AbortController();

  constructor(config: KubeConfig, server: string) {
    this.#config = config;
    this.#server = server.replace(/\/$/, '');
  }

  get server(): string {
    return this.#server;
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  get(path: string, call: ApiCall = {}): Answer<unknown> {
    return this.#request(HttpMethod.GET, path, call);
  }

  post(path: string, body: unknown): Answer<unknown> {
    return this.#request(HttpMethod.POST, path, { body });
  }

  delete(path: string, body: unknown): Answer<unknown> {
    return this.#request(HttpMethod.DELETE, path, { body });
  }

  /** Runs a command inside a container, to its end. An exit code other than 0 is a failure. */
  async execute(namespace: string, pod: string, container: string, command: readonly string[]): Answer<null> {
    const { promise, resolve } = Promise.withResolvers<Result<null, ApiFailure>>();
    let timer: NodeJS.Timeout | undefined;
    let socket: Socket | null = null;
    try {
      const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
      const exec = new Exec(this.#config);
      const opened: unknown = await exec.exec(namespace, pod, container, [...command], null, silent, null, false, ({ status, message }) => {
        resolve(status === 'Success' ? ok(null) : err(noAnswer(new Error(message ?? 'the command failed'))));
      });
      socket = opened as Socket;
      // The end of the container may cut off the answer, or swallow it: then it was carried out.
      timer = setTimeout(() => resolve(ok(null)), EXECUTE_MS);
      socket.addEventListener('close', () => resolve(ok(null)));
      return await promise;
    } catch (error) {
      return err(noAnswer(error));
    } finally {
      clearTimeout(timer);
      socket?.close();
    }
  }

  /** Whether the server answers at all; not held up by other requests. */
  async ping(timeoutMs: number): Answer<null> {
    const answer = await this.#send(HttpMethod.GET, '/version', {}, AbortSignal.timeout(timeoutMs));
    if (!answer.ok) return answer;
    await answer.value.body.text().catch(() => '');
    return ok(null);
  }

  /** An answer that goes on: a watch or a log. `signal` ends it. */
  async stream(path: string, query: Query, signal: AbortSignal): Answer<ReadableStream<Uint8Array>> {
    const answer = await this.#paced(HttpMethod.GET, path, { query }, signal);
    if (!answer.ok) return answer;
    const body = answer.value.body.stream();
    return body === null ? err(noAnswer(new Error('an answer without a body'))) : ok(body);
  }

  /** Ends whatever is under way; nothing more is sent. */
  close(): void {
    this.#closing.abort(new Error('the launcher is closed'));
  }

  async #request(method: HttpMethod, path: string, call: ApiCall): Answer<unknown> {
    const answer = await this.#paced(method, path, call, null);
    if (!answer.ok) return answer;
    try {
      return ok(JSON.parse(await answer.value.body.text()) as unknown);
    } catch (error) {
      return err(noAnswer(error));
    }
  }

  async #paced(method: HttpMethod, path: string, call: ApiCall, signal: AbortSignal | null): Answer<ResponseContext> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#pace.take(signal ?? this.#closing.signal);
      } catch (error) {
        return err(noAnswer(error));
      }
      const answer = await this.#send(method, path, call, signal ?? AbortSignal.timeout(call.timeoutMs ?? ANSWER_MS));
      if (answer.ok || answer.error.status !== 429 || tries === THROTTLE_TRIES) return answer;
      this.#pace.rest(answer.error.retryAfterMs ?? THROTTLE_MS * 2 ** (tries - 1));
    }
  }

  async #send(method: HttpMethod, path: string, call: ApiCall, signal: AbortSignal): Answer<ResponseContext> {
    const query = new URLSearchParams(call.query).toString();
    const context = new RequestContext(`${this.#server}${path}${query === '' ? '' : `?${query}`}`, method);
    context.setSignal(AbortSignal.any([signal, this.#closing.signal]));
    context.setHeaderParam('Accept', 'application/json, */*');
    context.setHeaderParam('User-Agent', 'dispatcher');
    if (call.body !== undefined) {
      context.setHeaderParam('Content-Type', 'application/json');
      context.setBody(JSON.stringify(call.body));
    }
    try {
      await this.#config.applySecurityAuthentication(context);
      const answer = await this.#library.send(context).toPromise();
      if (answer.httpStatusCode < 300) return ok(answer);
      return err(refusal(answer.httpStatusCode, await answer.body.text(), answer.headers['retry-after']));
    } catch (error) {
      return err(noAnswer(error));
    }
  }
}
