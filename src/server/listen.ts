import type { RequestListener, Server } from 'node:http';
import { portError, type PortError } from '../domain/failures.ts';
import { err, ok, type Result } from '../domain/result.ts';

// An import of node:http touches every export of it, and one of them loads undici: starting Node and
// this took 103 ms of processor time with the import, and 36 ms without.
const { createServer } = process.getBuiltinModule('node:http');

export interface Listening {
  readonly url: string;
  readonly close: () => Promise<void>;
}

const tryPort = (listener: RequestListener, host: string, port: number): Promise<Result<Server, NodeJS.ErrnoException>> =>
  new Promise((resolve) => {
    const server = createServer(listener);
    server.once('error', (error: NodeJS.ErrnoException) => resolve(err(error)));
    server.listen(port, host, () => resolve(ok(server)));
  });

const listening = (server: Server, host: string): Listening => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  // A process that has nothing else to do must not be kept alive by its own server.
  server.unref();
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

/**
 * Listens on the first of these ports that is free; port 0 stands for any.
 *
 * @param key of the configuration, for the mend
 * @returns `permanent` with the port and the mend when all are taken
 */
export const listen = async (
  listener: RequestListener,
  host: string,
  ports: readonly number[],
  key = 'server.port',
): Promise<Result<Listening, PortError>> => {
  let last = 'no port to try';
  for (const port of ports) {
    const server = await tryPort(listener, host, port);
    if (server.ok) return ok(listening(server.value, host));
    last =
      server.error.code === 'EADDRINUSE'
        ? `port ${port} on ${host} is taken; set ${key} to another one, or to 0 for any`
        : `cannot listen on ${host}:${port}: ${server.error.message}`;
  }
  return err(portError('permanent', last));
};
