import { createActor, type Actor, type InspectionEvent } from 'xstate';
import { agentPoolMachine } from '../../machines/agent-pool/machine.ts';
import { deadlockMonitorMachine } from '../../machines/deadlock-monitor.machine.ts';
import { dispatcherMachine } from '../../machines/dispatcher/machine.ts';
import { EventBuffer } from '../../machines/event-buffer.ts';
import type { DeadlockMonitorMessage, DispatcherMessage, MonitorMessage, PoolMessage } from '../../machines/messages.ts';
import { taskMonitorMachine } from '../../machines/task-monitor.machine.ts';
import { portError } from '../domain/failures.ts';
import { poolName } from '../domain/ids.ts';
import type { DispatcherSettings, PoolSettings } from '../domain/settings.ts';
import { Scheduler } from '../scheduling/scheduler.ts';
import type { SchedulingPolicy } from '../scheduling/scheduling-policy.ts';
import { FaultTeller } from './fault-teller.ts';
import { HeartbeatTable } from './heartbeats.ts';
import { portActor } from './port-actor.ts';
import type { Office, Ports } from './ports.ts';
import { recorderLogic } from './recorder-ports.ts';
import { recover } from './recovery.ts';
import { runnerLogic } from './runner-ports.ts';
import { Sweep } from './sweep.ts';
import type { SweepParts } from './sweep-parts.ts';

export interface DispatcherOptions {
  readonly settings: DispatcherSettings;
  /** Configured pools, and those that only an open attempt still names. */
  readonly pools: readonly PoolSettings[];
  readonly untilIdle: boolean;
  /** The user's own, for `schedulingPolicy: custom`. */
  readonly policy?: SchedulingPolicy | null;
  /** Shared with whoever takes the runners' words. */
  readonly heartbeats?: HeartbeatTable;
  readonly inspect?: (event: InspectionEvent) => void;
}

export type DispatcherActor = Actor<typeof dispatcherMachine>;

/** Tasks read from the change feed in one go. */
const PAGE = 1000;

const monitorLogic = ({ inbox, registry }: Ports, { epoch }: Office, faults: FaultTeller): typeof taskMonitorMachine =>
  taskMonitorMachine.provide({
    actors: {
      fetchChanges: portActor<{ readonly cursor: number | null }, MonitorMessage>(inbox, ({ cursor }, answer) => {
        registry.changes({ cursor, limit: PAGE, epoch }, (reply) => {
          if (!reply.ok) faults.failed(reply.error);
          if (reply.ok) answer({ type: 'changes.fetched', batch: reply.value });
          else answer({ type: 'changes.failed', error: reply.error });
        });
      }),
    },
  });

const deadlockMonitorLogic = ({ inbox, registry }: Ports): typeof deadlockMonitorMachine =>
  deadlockMonitorMachine.provide({
    actors: {
      survey: portActor<{ readonly names: number }, DeadlockMonitorMessage>(inbox, ({ names }, answer) => {
        registry.stuck({ names }, (reply) => {
          if (reply.ok) answer({ type: 'stuck.surveyed', report: reply.value });
          else answer({ type: 'stuck.failed', error: reply.error });
        });
      }),
    },
  });

const sweepLogic = (inbox: Ports['inbox'], parts: SweepParts) =>
  portActor<Record<string, never>, DispatcherMessage>(inbox, (_, answer) => {
    const sweep = new Sweep(parts, answer);
    sweep.start();
    return () => sweep.stop();
  });

/**
 * The whole actor system, ready to start: every port call made real, the clock injected. The caller
 * sends `registry.changed` when the registry has news and `shutdown.request` to end it.
 */
export const createDispatcherActor = (ports: Ports, office: Office, options: DispatcherOptions): DispatcherActor => {
  const { settings, pools, untilIdle, policy, inspect } = options;
  const { clock, inbox, telemetry } = ports;
  const { heartbeats = new HeartbeatTable(clock) } = options;
  const faults = new FaultTeller(telemetry, 'the registry takes writes again');
  const probe = portActor<{ readonly pool: string }, PoolMessage>(inbox, ({ pool }, answer) => {
    const launcher = ports.launchers.get(poolName(pool));
    if (launcher === undefined) {
      answer({ type: 'engine.unhealthy', error: portError('permanent', `there is no launcher for pool ${pool}`) });
      return;
    }
    launcher.health((reply) => {
      if (reply.ok) answer({ type: 'engine.healthy' });
      else answer({ type: 'engine.unhealthy', error: reply.error });
    });
  });
  const logic = dispatcherMachine.provide({
    actors: {
      recover: portActor<Record<string, never>, DispatcherMessage>(inbox, (_, answer) => recover(ports, answer)),
      sweep: sweepLogic(inbox, { ports, office, settings, heartbeats }),
      agentPool: agentPoolMachine.provide({ actors: { probe } }),
      taskMonitor: monitorLogic(ports, office, faults),
      deadlockMonitor: deadlockMonitorLogic(ports),
      eventRecorder: recorderLogic(ports, office, faults),
    },
  });
  const scheduler = new Scheduler(settings, pools, office.registryId, policy);
  return createActor(logic, {
    id: 'dispatcher',
    clock,
    ...(inspect === undefined ? {} : { inspect }),
    input: {
      settings,
      pools,
      scheduler,
      eventBuffer: new EventBuffer(`epoch-${office.epoch}`),
      runnerLogic: runnerLogic({ ports, office, scheduler, heartbeats, faults }),
      telemetry,
      now: () => clock.monotonic(),
      wall: () => clock.wall(),
      untilIdle,
    },
  });
};
