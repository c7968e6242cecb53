import type { RequestListener } from 'node:http';
import type { ServerConfiguration } from '../config/configuration.ts';
import type { PortError } from '../domain/failures.ts';
import { ok, type Result } from '../domain/result.ts';
import { RUNNER_PATH } from '../protocol/runner-protocol.ts';
import type { DispatcherActor } from '../runtime/dispatcher-actor.ts';
import type { HeartbeatTable } from '../runtime/heartbeats.ts';
import type { Office, Ports } from '../runtime/ports.ts';
import { RunnerDesk } from '../runtime/runner-desk.ts';
import { listen, type Listening } from './listen.ts';
import { onDemand } from './on-demand.ts';
import type { RunnerTokens } from './runner-token.ts';

/** What the runner protocol is served for. */
export interface RunnerService {
  readonly ports: Pick<Ports, 'clock' | 'inbox' | 'registry' | 'reports'>;
  readonly office: Office;
  readonly heartbeats: HeartbeatTable;
  readonly tokens: RunnerTokens;
}

/** The runner protocol by itself. */
export const runnerListener = ({ ports, office, heartbeats, tokens }: RunnerService, actor: DispatcherActor): RequestListener => {
  const desk = new RunnerDesk({
    ports,
    office,
    heartbeats,
    isRecovered: () => actor.getSnapshot().value !== 'starting',
    record: (event) => ports.inbox.post(() => actor.send({ type: 'event.record', event })),
  });
  const parts = { desk, tokens, monotonic: () => ports.clock.monotonic() };
  return onDemand(async () => (await import('./runner-application.ts')).createRunnerApplication(parts));
};

/** What belongs to the runner protocol goes to its listener, everything else to the other. */
export const withRunners =
  (runners: RequestListener, others: RequestListener): RequestListener =>
  (request, response) =>
    (request.url?.startsWith(`${RUNNER_PATH}/`) === true ? runners : others)(request, response);

/** The second listener, for runners that cannot reach loopback; `null` where none is configured. */
export const listenForRunners = async (
  runners: RequestListener,
  { runnerListen }: ServerConfiguration,
): Promise<Result<Listening | null, PortError>> =>
  runnerListen === null ? ok(null) : listen(runners, runnerListen.host, [runnerListen.port], 'server.runner_listen');

const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '[::]']);

/** What a runner of this machine calls: an address to listen on is none to call where it stands for all. */
export const urlOnThisMachine = (url: string): string => {
  const { hostname, port } = new URL(url);
  return EVERYWHERE.has(hostname) ? `http://127.0.0.1:${port}` : url;
};
