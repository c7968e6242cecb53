import { eventRecorderMachine } from '../../machines/event-recorder.machine.ts';
import type { RecorderMessage } from '../../machines/messages.ts';
import type { PortError } from '../domain/failures.ts';
import type { KeyedEvent } from '../ports/event-journal.ts';
import type { Reply } from '../ports/reply.ts';
import { FaultTeller } from './fault-teller.ts';
import { portActor, type Answer } from './port-actor.ts';
import type { Office, Ports } from './ports.ts';

type Batch = { readonly events: readonly KeyedEvent[] };

/** Events of the journal that go to the registry in one transaction, so that nobody else waits long for it. */
const REPLAYED_AT_ONCE = 1_000;

const settled = (answer: Answer<RecorderMessage>): ((error: PortError | null) => void) => (error) =>
  answer(error === null ? { type: 'events.recorded' } : { type: 'events.refused', error });

/** The recorder's statechart with registry and journal in it. */
export const recorderLogic = (ports: Ports, { epoch }: Office, faults: FaultTeller): typeof eventRecorderMachine => {
  const { inbox, registry, journal, telemetry } = ports;
  const journalFaults = new FaultTeller(telemetry, 'the journal takes events again');

  const record = (events: readonly KeyedEvent[], reply: Reply<number>): void =>
    registry.record({ epoch, events }, (answer) => {
      faults.heard(answer);
      reply(answer);
    });

  /** Piece by piece; one that is refused ends it, and what was stored before is passed over the next time. */
  const recordAll = (events: readonly KeyedEvent[], finish: (error: PortError | null) => void): void => {
    const piece = events.slice(0, REPLAYED_AT_ONCE);
    if (piece.length === 0) return finish(null);
    record(piece, (reply) => {
      if (reply.ok) recordAll(events.slice(piece.length), finish);
      else finish(reply.error);
    });
  };

  return eventRecorderMachine.provide({
    actors: {
      recordEvents: portActor<Batch, RecorderMessage>(inbox, ({ events }, answer) => {
        record(events, (reply) => settled(answer)(reply.ok ? null : reply.error));
      }),
      appendToJournal: portActor<Batch, RecorderMessage>(inbox, ({ events }, answer) => {
        journal.append(events, (reply) => {
          journalFaults.heard(reply);
          if (reply.ok) answer({ type: 'journal.appended' });
          else answer({ type: 'journal.failed', error: reply.error });
        });
      }),
      replayEvents: portActor<Record<string, never>, RecorderMessage>(inbox, (_, answer) => {
        const finish = settled(answer);
        const journalFails = (error: PortError): void => {
          journalFaults.failed(error);
          finish(error);
        };
        journal.read((read) => {
          if (!read.ok) return journalFails(read.error);
          if (read.value.length === 0) return finish(null);
          recordAll(read.value, (error) => {
            if (error !== null) return finish(error);
            journal.clear((cleared) => (cleared.ok ? finish(null) : journalFails(cleared.error)));
          });
        });
      }),
    },
  });
};
