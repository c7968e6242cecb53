import type { PortError } from '../domain/failures.ts';
import type { Result } from '../domain/result.ts';

/**
 * How a port call completes: exactly once, never before the call has returned. A callback and not a
 * promise, because the order in which promises resolve depends on the number of awaits behind them.
 */
export type Reply<T> = (result: Result<T, PortError>) => void;
