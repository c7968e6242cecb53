import type { EventDraft } from '../domain/events.ts';
import type { Reply } from './reply.ts';

/** An event that carries a key of its own, so that storing it twice can be refused. */
export interface KeyedEvent {
  readonly key: string;
  readonly event: EventDraft;
}

/** Where events go that the registry cannot take just now; survives the process. */
export interface EventJournal {
  /** Durable before the reply. */
  append(events: readonly KeyedEvent[], reply: Reply<null>): void;
  /** Everything appended and not cleared, in order. A torn line is left out. */
  read(reply: Reply<readonly KeyedEvent[]>): void;
  /** Once everything that was read is in the registry: forgets that, and nothing that was appended since. */
  clear(reply: Reply<null>): void;
}
