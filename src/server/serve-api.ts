import type { RequestListener } from 'node:http';
import type { Configuration } from '../config/configuration.ts';
import { portError, type PortError } from '../domain/failures.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { PoolSettings } from '../domain/settings.ts';
import type { TaskRegistry } from '../ports/task-registry.ts';
import type { DispatcherActor } from '../runtime/dispatcher-actor.ts';
import type { CountedJournal } from '../telemetry/counted-journal.ts';
import type { Tally } from '../telemetry/tally.ts';
import { ensureAdminToken } from './admin-token.ts';
import type { ApiParts } from './api-parts.ts';
import { lastPort, removeEndpoint, writeEndpoint } from './endpoint-file.ts';
import { listen } from './listen.ts';
import { liveDispatcher, type LiveDispatcher } from './live-dispatcher.ts';
import { metricsOnDemand } from './metrics-on-demand.ts';
import { neverPlaced } from './never-placed.ts';
import { statusReport, type StatusReport } from './status.ts';

export interface ApiRequest {
  readonly configuration: Configuration;
  readonly pools: readonly PoolSettings[];
  readonly registry: TaskRegistry;
  readonly actor: DispatcherActor;
  readonly now: () => number;
  readonly tally: Tally;
  readonly journal: Pick<CountedJournal, 'fellBack'>;
}

export interface Api {
  readonly url: string;
  close(): Promise<void>;
}

const statusOf = ({ registry, actor, pools }: ApiRequest, live: LiveDispatcher): Promise<Result<StatusReport, PortError>> => {
  const { scheduler } = live;
  const { ledger } = scheduler;
  const present = ({ name }: PoolSettings) => ({
    ...ledger.use(name),
    state: ledger.stateOf(name),
    reason: ledger.reasonOf(name),
    maxConcurrency: ledger.maxConcurrencyOf(name),
  });
  const lastStuck = actor.getSnapshot().context.deadlocks.stuck;
  return statusReport(registry, pools, present, { scheduler, dispatcher: live.phase(), lastStuck });
};

const hostsOf = (url: string, host: string): ReadonlySet<string> => {
  const { port } = new URL(url);
  return new Set([new URL(url).host, `${host}:${port}`, `localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]);
};

/** A port that nobody named may be swapped for a free one; a named one may not. */
const portsToTry = ({ configuration: { server, stateDir } }: ApiRequest): readonly number[] => {
  if (server.portIsExplicit && server.port !== 0) return [server.port];
  const last = lastPort(stateDir);
  return [...(last === null ? [] : [last]), ...(server.port === 0 ? [] : [server.port]), 0];
};

/** The application behind a listener that loads it, and its libraries, with the first request. */
const onDemand = (parts: ApiParts): RequestListener => {
  let loaded: Promise<RequestListener> | null = null;
  const load = async (): Promise<RequestListener> => {
    const [{ getRequestListener }, { createApplication }] = await Promise.all([
      import('@hono/node-server'),
      import('./application.ts'),
    ]);
    const answer = getRequestListener(createApplication(parts).fetch);
    return (request, response) => void answer(request, response);
  };
  return (request, response) => {
    loaded ??= load();
    void loaded.then(
      (listener) => listener(request, response),
      () => response.writeHead(500).end(),
    );
  };
};

/**
 * Serves the HTTP API and writes `endpoint.json`, by which commands find it. A `run` that nobody
 * calls never loads the server's libraries: they would only make its start longer.
 */
export const serveApi = async (request: ApiRequest): Promise<Result<Api, PortError>> => {
  try {
    return await serve(request);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const mend = `check the files in ${request.configuration.stateDir} and its free space`;
    return err(portError('permanent', `no API: ${reason}; ${mend}`));
  }
};

const serve = async (request: ApiRequest): Promise<Result<Api, PortError>> => {
  const { stateDir, server } = request.configuration;
  const live = liveDispatcher(request.actor);
  let hosts: ReadonlySet<string> = new Set();
  const listener = onDemand({
    registry: request.registry,
    token: ensureAdminToken(stateDir),
    allowedHosts: () => hosts,
    status: () => statusOf(request, live),
    pools: request.pools,
    never: neverPlaced(live.scheduler, request.pools),
    now: request.now,
    live,
    metrics: metricsOnDemand(request, live),
  });
  const listening = await listen(listener, server.host, portsToTry(request));
  if (!listening.ok) return err(listening.error);
  const { url, close } = listening.value;
  hosts = hostsOf(url, server.host);
  writeEndpoint(stateDir, { url, pid: process.pid, registry_id: request.registry.id });
  return ok({
    url,
    close: async () => {
      removeEndpoint(stateDir);
      await close();
    },
  });
};
