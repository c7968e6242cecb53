import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { ok } from '../../domain/result.ts';
import { BatchRunner } from './batch-runner.ts';
import { SqliteStore, type StoreOptions } from './sqlite-store.ts';
import { unpack, type FromWorker, type ToWorker } from './worker-messages.ts';

/** The thread that owns the connection. SQLite blocks: here that stops nobody else. */

/** How long a lock held by a stranger (a backup, a person's shell) is waited for before calls fail. */
const PATIENCE = { totalMs: 5_000, pauseMs: 25 };

const port = parentPort;
if (port === null) throw new Error('src/registry/sqlite/worker.ts is the entry of a worker thread');
const post = (message: FromWorker): void => port.postMessage(message);

const serve = (store: SqliteStore): void => {
  let closing = false;
  const take = (message: ToWorker): void => {
    if (message.kind === 'close') closing = true;
    else runner.enqueue(message.calls.map(({ number, call }) => ({ number, call: unpack(call) })));
  };
  const runner = new BatchRunner(store, {
    receive: () => {
      for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
        take(next.message as ToWorker);
      }
    },
    answer: (answers, news) => post({ kind: 'answers', answers, news }),
    monotonic: () => performance.now(),
    later: (fn, delayMs) => void setTimeout(fn, delayMs),
    patience: PATIENCE,
  });
  runner.whenDrained(() => {
    if (!closing) return;
    post({ kind: 'closed', closed: store.close() });
    port.close();
  });
  port.on('message', (message: ToWorker) => {
    take(message);
    runner.pump();
  });
};

const opened = SqliteStore.openForWriting(workerData as StoreOptions);
if (opened.ok) {
  serve(opened.value);
  post({ kind: 'opened', opened: ok(opened.value.id) });
} else {
  post({ kind: 'opened', opened });
  port.close();
}
