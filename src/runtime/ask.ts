import type { PortError } from '../domain/failures.ts';
import type { Result } from '../domain/result.ts';
import type { Reply } from '../ports/reply.ts';

/**
 * A port call as a promise, for commands and servers, which are not actors. Never rejects.
 *
 * @example const page = await ask<TaskPage>((reply) => registry.tasks({}, reply));
 */
export const ask = <T>(call: (reply: Reply<T>) => void): Promise<Result<T, PortError>> =>
  new Promise((resolve) => {
    call(resolve);
  });
