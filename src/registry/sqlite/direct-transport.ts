import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { isRead, type Answer, type Call } from '../core/calls.ts';
import type { Transport } from '../core/transport.ts';
import type { SqliteStore } from './sqlite-store.ts';

/**
 * Evaluates calls in the calling thread, each in a transaction of its own: for a command that makes a
 * few of them while no dispatcher runs, or that only reads. Blocks; replies come in a microtask.
 *
 * @param released called once, after the store is closed
 */
export const directTransport = (store: SqliteStore, mode: 'write' | 'read', released: () => void): Transport => {
  let news = (): void => {};
  let closed = false;

  const answer = (call: Call): { readonly answer: Answer; readonly news: boolean } => {
    const refused = (error: PortError) => ({ answer: err(error), news: false });
    if (closed) return refused(portError('permanent', `registry ${store.path} is closed`));
    if (mode === 'read' && !isRead(call)) {
      return refused(portError('invalid', `registry ${store.path} is open for reading only`));
    }
    const outcome = store.run([call]);
    if (!outcome.ok) return refused(outcome.error.error);
    const only = outcome.value.answers[0];
    if (only === undefined) return refused(portError('permanent', `registry ${store.path} gave no answer`));
    return { answer: only, news: outcome.value.news };
  };

  return {
    send: (verb, request, done) => {
      const outcome = answer({ verb, request } as Call);
      queueMicrotask(() => done(outcome.answer));
      if (outcome.news) queueMicrotask(() => news());
    },
    onNews: (listener) => {
      news = listener;
    },
    close: (done) => {
      let result: Result<null, PortError> = ok(null);
      if (!closed) {
        closed = true;
        result = store.close();
        released();
      }
      queueMicrotask(() => done(result));
    },
  };
};
