import { portError } from '../../domain/failures.ts';
import type { RegistryId } from '../../domain/ids.ts';
import { err, ok } from '../../domain/result.ts';
import type { TaskRegistry } from '../../ports/task-registry.ts';
import { evaluate, type Call } from '../core/calls.ts';
import { TransportedRegistry } from '../core/transported-registry.ts';
import type { Transport } from '../core/transport.ts';
import { MemoryTables } from './memory-tables.ts';

export interface MemoryRegistryOptions {
  readonly id: RegistryId;
  /** Rows to go on with, as a registry opened again after a crash would find them. Default: none. */
  readonly tables?: MemoryTables;
  /** How replies are put off until after the call; in order. Default: `queueMicrotask`. */
  readonly defer?: (fn: () => void) => void;
}

/**
 * A registry that lives as long as its tables: for the simulator, and for programs that need nothing
 * kept. The same rules as the SQLite one. A call takes effect at once, its reply is deferred.
 *
 * @example const registry = openMemoryRegistry({ id: registryId(randomUUID()) });
 */
export const openMemoryRegistry = (options: MemoryRegistryOptions): TaskRegistry =>
  new TransportedRegistry(options.id, memoryTransport(options.tables ?? new MemoryTables(), options.defer));

const memoryTransport = (tables: MemoryTables, defer: (fn: () => void) => void = queueMicrotask): Transport => {
  let news = (): void => {};
  let closed = false;
  return {
    send: (verb, request, done) => {
      if (closed) {
        defer(() => done(err(portError('permanent', 'the registry is closed'))));
        return;
      }
      const before = tables.meta.lastChange;
      const answer = evaluate(tables, { verb, request } as Call);
      defer(() => done(answer));
      if (tables.meta.lastChange > before) defer(() => news());
    },
    onNews: (listener) => {
      news = listener;
    },
    close: (done) => {
      closed = true;
      defer(() => done(ok(null)));
    },
  };
};
