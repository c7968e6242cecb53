import type { RunnerPortMessage } from '../../machines/messages.ts';
import type { RunnerPortInputs } from '../../machines/runner/context.ts';
import type { PoolName, RunnerId } from '../domain/ids.ts';
import type { DispatcherSettings, PoolSettings } from '../domain/settings.ts';
import type { Launcher } from '../ports/launcher.ts';
import type { HeartbeatTable } from './heartbeats.ts';
import { portActor, type Answer } from './port-actor.ts';
import type { Office, Ports } from './ports.ts';

export type Tell = Answer<RunnerPortMessage>;

/** What every port call of a runner is made with. */
export interface RunnerWorld {
  readonly ports: Ports;
  readonly office: Office;
  readonly heartbeats: HeartbeatTable;
  /** As they are just now: a reload changes them. */
  readonly settings: () => DispatcherSettings;
  readonly poolOf: (pool: PoolName) => PoolSettings | undefined;
}

/** `undefined` where the pool's engine is none that this dispatcher has a launcher for. */
export const launcherOf = ({ ports }: RunnerWorld, pool: PoolName): Launcher | undefined => ports.launchers.get(pool);

export const newRunDir = ({ office }: RunnerWorld, runnerId: RunnerId): string => `${office.runsDir}/${runnerId}`;

/** A port actor of the runner, by the name of its input. */
export const runnerPort =
  (world: RunnerWorld) =>
  <K extends keyof RunnerPortInputs>(call: (input: RunnerPortInputs[K], tell: Tell) => (() => void) | undefined | void) =>
    portActor<RunnerPortInputs[K], RunnerPortMessage>(world.ports.inbox, call);
