import type { PortError } from '../../domain/failures.ts';
import type { Result } from '../../domain/result.ts';
import type { Calls, Verb } from './calls.ts';

/**
 * Carries calls to where they are evaluated and brings the answers back. Calls take effect in the
 * order of `send`; `done` is called once, after the write is committed, never inside `send`.
 */
export interface Transport {
  send<V extends Verb>(
    verb: V,
    request: Calls[V]['request'],
    done: (answer: Result<Calls[V]['answer'], PortError>) => void,
  ): void;
  /** One listener, told after each commit that made the change feed longer. */
  onNews(listener: () => void): void;
  close(done: (closed: Result<null, PortError>) => void): void;
}
