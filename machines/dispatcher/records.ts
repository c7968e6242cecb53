import type { DoneActorEvent, ErrorActorEvent } from 'xstate';
import { event as draft } from '../../src/domain/events.ts';
import type { DispatcherMessage, RecorderMessage } from '../messages.ts';
import { endReason, type DispatcherContext } from './context.ts';

export type DispatcherEvent = DispatcherMessage | DoneActorEvent | ErrorActorEvent;

/** What an action of the Dispatcher is called with. */
export interface Told {
  readonly context: DispatcherContext;
  readonly event: DispatcherEvent;
}

/** Why it cannot go on, in a line. */
export const failureOf = (event: DispatcherEvent): string => {
  if (!('error' in event)) return event.type;
  const { error } = event;
  return error instanceof Error ? error.message : String((error as { message?: unknown }).message ?? error);
};

/** Events of the Dispatcher's own life, as messages to the recorder. */
export const records = {
  recordStarted: ({ context, event }: Told): RecorderMessage => ({
    type: 'event.record',
    event: draft('DispatcherStarted', context.wall(), 'dispatcher', {
      details: { adopted: event.type === 'recovery.finished' ? event.adoptions.length : 0 },
    }),
  }),
  recordDraining: ({ context }: Told): RecorderMessage => ({
    type: 'event.record',
    event: draft('DispatcherDraining', context.wall(), context.drainActor ?? 'dispatcher', {
      details: { runners: context.scheduler.ledger.running },
    }),
  }),
  recordStopping: ({ context }: Told): RecorderMessage => ({
    type: 'event.record',
    event: draft('DispatcherStopping', context.wall(), 'dispatcher', {
      details: { reason: context.shutdownReason ?? context.failure ?? 'idle', runners: context.scheduler.ledger.running },
    }),
  }),
  recordStopped: ({ context }: Told): RecorderMessage => ({
    type: 'event.record',
    event: draft('DispatcherStopped', context.wall(), 'dispatcher', {
      details: { reason: endReason(context), left_running: context.scheduler.ledger.running },
    }),
  }),
  recordConfigured: ({ context, event }: Told): RecorderMessage => {
    if (event.type !== 'configuration.changed') throw new Error(`no configuration: ${event.type}`);
    const details = event.changes;
    return { type: 'event.record', event: draft('ConfigurationReloaded', context.wall(), event.actor, { details }) };
  },
};
