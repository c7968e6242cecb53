import { createServer } from 'node:net';
import type { Configuration } from '../../config/configuration.ts';
import { ApiClient } from '../client.ts';
import { doubtful, fine, ill, type Diagnosis } from './diagnosis.ts';

/** `null`: free; else the code of what is wrong. */
const troubleWith = (host: string, port: number): Promise<string | null> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => server.close(() => resolve(null)));
  });

/** Whether the API can listen where it is to. */
export const port = async ({ server, stateDir }: Configuration): Promise<Diagnosis> => {
  const place = `${server.host}:${server.port}`;
  if ((await ApiClient.connect(stateDir)) !== null) return fine('port', `the dispatcher that works here listens`);
  const trouble = await troubleWith(server.host, server.port);
  if (trouble === null) return fine('port', server.port === 0 ? `any free one on ${server.host}` : `${place} is free`);
  if (trouble !== 'EADDRINUSE') return ill('port', `cannot listen on ${place} (${trouble})`, 'change server.host or server.port');
  const mend = 'set server.port to another one, or to 0 for any';
  if (server.portIsExplicit) return ill('port', `${place} is taken`, mend);
  return doubtful('port', `${place} is taken; a free one is used instead`, mend);
};
