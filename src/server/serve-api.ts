import type { Configuration } from '../config/configuration.ts';
import type { PoolType } from '../domain/engine-settings.ts';
import { portError, type PortError } from '../domain/failures.ts';
import type { PoolName } from '../domain/ids.ts';
import { formatDuration } from '../domain/quantities.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { PoolSettings } from '../domain/settings.ts';
import type { TaskRegistry } from '../ports/task-registry.ts';
import type { DispatcherActor } from '../runtime/dispatcher-actor.ts';
import type { Ledger } from '../scheduling/ledger.ts';
import type { CountedJournal } from '../telemetry/counted-journal.ts';
import type { Tally } from '../telemetry/tally.ts';
import { ensureAdminToken } from './admin-token.ts';
import type { ApiParts } from './api-parts.ts';
import { lastPort, removeEndpoint, writeEndpoint } from './endpoint-file.ts';
import { listen } from './listen.ts';
import { liveDispatcher, type LiveDispatcher } from './live-dispatcher.ts';
import { metricsOnDemand } from './metrics-on-demand.ts';
import { neverPlaced } from './never-placed.ts';
import { onDemand } from './on-demand.ts';
import { listenForRunners, runnerListener, urlOnThisMachine, withRunners, type RunnerService } from './serve-runners.ts';
import type { ReloadReport } from './reloading.ts';
import { statusReport, type StatusReport } from './status.ts';

export interface ApiRequest {
  readonly configuration: Configuration;
  readonly registry: TaskRegistry;
  readonly actor: DispatcherActor;
  readonly now: () => number;
  readonly reload: (actor: string) => Promise<Result<ReloadReport, PortError>>;
  readonly tally: Tally;
  readonly journal: Pick<CountedJournal, 'fellBack'>;
  readonly runners: RunnerService;
}

export interface Api {
  readonly url: string;
  /** What runners of pools of this type are to call. */
  readonly runnerUrl: (engine: PoolType) => string;
  close(): Promise<void>;
}

const statusOf = ({ registry, actor, now }: ApiRequest, live: LiveDispatcher): Promise<Result<StatusReport, PortError>> => {
  const { scheduler } = live;
  const { ledger } = scheduler;
  const present = ({ name }: PoolSettings) => ({
    ...ledger.use(name),
    ...shownState(ledger, name, now()),
    maxConcurrency: ledger.maxConcurrencyOf(name),
  });
  const lastStuck = actor.getSnapshot().context.deadlocks.stuck;
  return statusReport(registry, live.pools(), present, { scheduler, dispatcher: live.phase(), lastStuck });
};

/** A pool that takes what it is given may be one that nothing is given to just now. */
const shownState = (ledger: Ledger, name: PoolName, now: number): { readonly state: string; readonly reason: string | null } => {
  const [state, reason] = [ledger.stateOf(name), ledger.reasonOf(name)];
  const pause = state === 'enabled' ? ledger.throttles.of(name) : null;
  if (pause === null) return { state, reason };
  const whom = pause.account === null ? '' : `, with account ${pause.account}`;
  return { state: 'throttled', reason: `for another ${formatDuration(pause.until - now)}${whom}: ${pause.reason}` };
};

const hostsOf = (url: string, host: string): ReadonlySet<string> => {
  const { port } = new URL(url);
  return new Set([new URL(url).host, `${host}:${port}`, `localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]);
};

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);

/** A port that nobody named may be swapped for a free one; a named one may not. */
const portsToTry = ({ configuration: { server, stateDir } }: ApiRequest): readonly number[] => {
  if (server.portIsExplicit && server.port !== 0) return [server.port];
  const last = lastPort(stateDir);
  return [...(last === null ? [] : [last]), ...(server.port === 0 ? [] : [server.port]), 0];
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
  const parts: ApiParts = {
    registry: request.registry,
    token: ensureAdminToken(stateDir),
    readsNeedToken: !isLoopback(server.host),
    allowedHosts: () => hosts,
    status: () => statusOf(request, live),
    never: neverPlaced(live.scheduler, () => live.pools()),
    reload: request.reload,
    now: request.now,
    live,
    metrics: metricsOnDemand(request, live),
  };
  const runners = runnerListener(request.runners, request.actor);
  const others = onDemand(async () => (await import('./application.ts')).createApplication(parts));
  const listening = await listen(withRunners(runners, others), server.host, portsToTry(request));
  if (!listening.ok) return err(listening.error);
  const { url, close } = listening.value;
  const second = await listenForRunners(runners, server);
  if (!second.ok) {
    await close();
    return second;
  }
  hosts = hostsOf(url, server.host);
  writeEndpoint(stateDir, { url, pid: process.pid, registry_id: request.registry.id });
  return ok({
    url,
    runnerUrl: (engine) =>
      engine === 'local-process' ? urlOnThisMachine(url) : (server.advertise ?? second.value?.url ?? url),
    close: async () => {
      removeEndpoint(stateDir);
      await Promise.all([close(), second.value?.close()]);
    },
  });
};
