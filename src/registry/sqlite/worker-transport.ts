import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { portError, type PortError } from '../../domain/failures.ts';
import type { RegistryId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Answer, Call, Calls, Verb } from '../core/calls.ts';
import type { Transport } from '../core/transport.ts';
import type { StoreOptions } from './sqlite-store.ts';
import { pack, type FromWorker, type NumberedCall, type ToWorker } from './worker-messages.ts';

const ENTRY = new URL('./worker.ts', import.meta.url);

/** So many calls at the worker keep nobody waiting: on an idle dispatcher every call goes at once. */
const FEW = 1;

/** How long a call may wait for company; ms. */
const PATIENCE_MS = 5;

/** A worker thread does not inherit the compile cache; without it, it compiles everything at each start. */
const workerEnvironment = (): NodeJS.ProcessEnv => {
  const cache = getCompileCacheDir();
  return cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(cache) };
};

type Done = (answer: Answer) => void;

/**
 * Sends calls to the worker thread: those of one tick, and those made while several are unanswered, go
 * together. Waking another thread is dear, and the more go together, the fewer commits there are.
 */
export class WorkerTransport implements Transport {
  readonly #worker: Worker;
  readonly #released: () => void;
  readonly #pending = new Map<number, Done>();
  #outgoing: NumberedCall[] = [];
  #lastNumber = 0;
  /** Calls that are at the worker: what comes meanwhile waits until they are answered. */
  #unanswered = 0;
  #flushing = false;
  #timer: NodeJS.Timeout | null = null;
  #news = (): void => {};
  #closing: ((closed: Result<null, PortError>) => void)[] | null = null;
  /** Set once no call can succeed any more. */
  #over: PortError | null = null;
  #ended = false;

  private constructor(worker: Worker, released: () => void) {
    this.#worker = worker;
    this.#released = released;
  }

  /**
   * Starts the worker and waits until it has opened the registry. `released` is called when it is
   * closed; not when the worker dies, for then this process is still the one in office.
   */
  static open(
    options: StoreOptions,
    released: () => void,
  ): Promise<Result<{ readonly id: RegistryId; readonly transport: WorkerTransport }, PortError>> {
    const worker = new Worker(ENTRY, { workerData: options, name: 'registry', env: workerEnvironment() });
    const transport = new WorkerTransport(worker, released);
    return new Promise((resolve) => {
      const failed = (reason: string): void => {
        const error = portError('permanent', `registry ${options.path}: its writer thread has died (${reason})`);
        resolve(err(error));
        transport.#end(error);
      };
      worker.on('error', (error) => failed(error instanceof Error ? error.message : String(error)));
      worker.on('exit', (code) => failed(`exit code ${code}`));
      worker.on('message', (message: FromWorker) => {
        if (message.kind !== 'opened') transport.#receive(message, options.path);
        else resolve(message.opened.ok ? ok({ id: message.opened.value, transport }) : message.opened);
      });
    });
  }

  send<V extends Verb>(
    verb: V,
    request: Calls[V]['request'],
    done: (answer: Result<Calls[V]['answer'], PortError>) => void,
  ): void {
    const over = this.#over;
    if (over !== null) {
      queueMicrotask(() => done(err(over)));
      return;
    }
    const packed = pack({ verb, request } as Call);
    if (!packed.ok) {
      queueMicrotask(() => done(packed));
      return;
    }
    this.#lastNumber += 1;
    this.#pending.set(this.#lastNumber, done);
    this.#outgoing.push({ number: this.#lastNumber, call: packed.value });
    if (verb === 'recordLaunch') this.#flushSoon();
    else if (this.#unanswered <= FEW && !this.#flushing) {
      this.#flushing = true;
      queueMicrotask(() => this.#flush());
    }
  }

  onNews(listener: () => void): void {
    this.#news = listener;
  }

  close(done: (closed: Result<null, PortError>) => void): void {
    if (this.#closing !== null) {
      this.#closing.push(done);
    } else if (this.#over !== null) {
      this.#released();
      queueMicrotask(() => done(ok(null)));
    } else {
      this.#flush();
      this.#closing = [done];
      this.#over = portError('permanent', 'the registry is closed');
      this.#post({ kind: 'close' });
    }
  }

  /** Nobody waits for this call, and the journal of the launcher has the handle, too: it goes with the next. */
  #flushSoon(): void {
    this.#timer ??= setTimeout(() => {
      if (this.#unanswered <= FEW) this.#flush();
    }, PATIENCE_MS);
  }

  #flush(): void {
    this.#flushing = false;
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
    if (this.#outgoing.length === 0) return;
    const calls = this.#outgoing;
    this.#outgoing = [];
    this.#unanswered += calls.length;
    this.#post({ kind: 'calls', calls });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message, []);
  }

  #receive(message: Exclude<FromWorker, { readonly kind: 'opened' }>, path: string): void {
    if (message.kind === 'closed') {
      this.#end(portError('permanent', `registry ${path} is closed`), message.closed);
      return;
    }
    for (const { number, answer } of message.answers) {
      const done = this.#pending.get(number);
      this.#pending.delete(number);
      done?.(answer);
    }
    if (message.news) this.#news();
    this.#unanswered -= message.answers.length;
    if (this.#unanswered <= FEW) this.#flush();
  }

  /** The first end counts: an exit after `closed`, or after an error, tells nothing new. */
  #end(error: PortError, closed: Result<null, PortError> = err(error)): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#over = error;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const done of pending) done(err(error));
    const closing = this.#closing;
    this.#closing = null;
    if (closing === null) return;
    this.#released();
    for (const done of closing) done(closed);
  }
}
