import type { Configuration } from '../config/configuration.ts';
import type { PortError } from '../domain/failures.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { PoolSettings } from '../domain/settings.ts';
import type { TaskState } from '../domain/task.ts';
import type { TaskRegistry } from '../ports/task-registry.ts';
import { ask } from '../runtime/ask.ts';
import type { DispatcherActor } from '../runtime/dispatcher-actor.ts';
import { ensureAdminToken } from './admin-token.ts';
import { lastPort, removeEndpoint, writeEndpoint } from './endpoint-file.ts';
import type { Listening } from './listen.ts';
import { poolStatus, type StatusReport } from './status.ts';

export interface ApiRequest {
  readonly configuration: Configuration;
  readonly pools: readonly PoolSettings[];
  readonly registry: TaskRegistry;
  readonly actor: DispatcherActor;
  readonly now: () => number;
}

export interface Api {
  readonly url: string;
  close(): Promise<void>;
}

const NO_TASKS: Readonly<Record<TaskState, number>> = {
  blocked: 0,
  ready: 0,
  running: 0,
  parked: 0,
  done: 0,
  failed: 0,
  cancelled: 0,
  skipped: 0,
};

const statusOf = async ({ registry, actor, pools }: ApiRequest): Promise<StatusReport> => {
  const counts = await ask<Readonly<Record<TaskState, number>>>((reply) => registry.counts(null, reply));
  const { ledger } = actor.getSnapshot().context.scheduler;
  return {
    tasks: counts.ok ? counts.value : NO_TASKS,
    pools: pools.map((pool) => poolStatus(pool, ledger.use(pool.name).running, ledger.stateOf(pool.name))),
    runners: ledger.running,
  };
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

/**
 * Serves the HTTP API and writes `endpoint.json`, by which commands find it. The server's library is
 * loaded only here, so that a command that needs none starts faster.
 */
export const serveApi = async (request: ApiRequest): Promise<Result<Api, PortError>> => {
  const [{ createApplication }, { listen }] = await Promise.all([import('./application.ts'), import('./listen.ts')]);
  const { stateDir, server } = request.configuration;
  let hosts: ReadonlySet<string> = new Set();
  const app = createApplication({
    registry: request.registry,
    token: ensureAdminToken(stateDir),
    allowedHosts: () => hosts,
    status: () => statusOf(request),
    now: request.now,
  });
  const listening: Result<Listening, PortError> = await listen(app, server.host, portsToTry(request));
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
