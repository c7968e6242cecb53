import { enqueueActions, sendParent, setup } from 'xstate';
import type { EventDraft } from '../src/domain/events.ts';
import type { KeyedEvent } from '../src/ports/event-journal.ts';
import type { DispatcherMessage, RecorderMessage } from './messages.ts';
import { portActor } from './port-actor.ts';

/**
 * Events on their way to the registry, in order, each with a key of its own so that it is stored
 * once. Owned by the recorder, changed in its plain actions only.
 */
export class EventBuffer {
  readonly #prefix: string;
  #next = 1;
  #waiting: KeyedEvent[] = [];
  #sending: readonly KeyedEvent[] = [];

  /** @param prefix unique to this dispatcher's life, e.g. `<epoch>` */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#sending.length === 0;
  }

  /** Whether something came that is in no batch yet. */
  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  get sending(): readonly KeyedEvent[] {
    return this.#sending;
  }

  add(event: EventDraft): void {
    this.#waiting.push({ key: `${this.#prefix}-${this.#next}`, event });
    this.#next += 1;
  }

  /** Everything that waits becomes the batch under way, behind what already is. */
  take(): void {
    this.#sending = [...this.#sending, ...this.#waiting];
    this.#waiting = [];
  }

  /** The batch under way, or one read back from the journal, is safe. */
  settle(): void {
    this.#sending = [];
  }
}

export interface RecorderInput {
  readonly buffer: EventBuffer;
}

export interface RecorderContext {
  readonly buffer: EventBuffer;
  readonly flushAsked: { value: boolean };
}

const REPLAY_MS = 5000;

const recorder = setup({
  types: {} as { context: RecorderContext; input: RecorderInput; events: RecorderMessage },
  actors: {
    recordEvents: portActor<{ readonly events: readonly KeyedEvent[] }>('recordEvents'),
    appendToJournal: portActor<{ readonly events: readonly KeyedEvent[] }>('appendToJournal'),
    replayEvents: portActor<Record<string, never>>('replayEvents'),
  },
  delays: { replayInterval: REPLAY_MS },
  guards: {
    hasUnsettled: ({ context }) => !context.buffer.isEmpty,
    hasMore: ({ context }) => context.buffer.hasWaiting,
  },
  actions: {
    keep: ({ context, event }) => {
      if (event.type === 'event.record') context.buffer.add(event.event);
    },
    takeBatch: ({ context }) => context.buffer.take(),
    settleBatch: ({ context }) => context.buffer.settle(),
    noteFlush: ({ context }) => {
      context.flushAsked.value = true;
    },
    answerFlush: enqueueActions(({ context, enqueue }) => {
      if (!context.flushAsked.value || !context.buffer.isEmpty) return;
      enqueue(() => {
        context.flushAsked.value = false;
      });
      const answer: DispatcherMessage = { type: 'recorder.flushed' };
      enqueue(sendParent(answer));
    }),
  },
});

/** Stores events that belong to no change of state; what the registry refuses is not lost. */
export const eventRecorderMachine = recorder.createMachine({
  id: 'eventRecorder',
  description: 'Writes events to the registry; while that fails, to a journal that is replayed later.',
  context: ({ input }) => ({ ...input, flushAsked: { value: false } }),
  initial: 'replaying',
  on: {
    'event.record': { actions: 'keep' },
    'recorder.flush': { actions: 'noteFlush' },
  },
  states: {
    recording: {
      description: 'The registry takes what comes.',
      initial: 'idle',
      states: {
        idle: {
          description: 'Nothing under way.',
          entry: 'answerFlush',
          always: { guard: 'hasUnsettled', target: 'writing' },
          on: {
            'event.record': { target: 'writing', actions: 'keep' },
            'recorder.flush': { actions: ['noteFlush', 'answerFlush'] },
          },
        },
        writing: {
          description: 'A batch is being stored; what comes meanwhile makes the next.',
          entry: 'takeBatch',
          invoke: { src: 'recordEvents', input: ({ context }) => ({ events: context.buffer.sending }) },
          on: {
            'events.recorded': { target: 'idle', actions: 'settleBatch' },
            'events.refused': { target: '#eventRecorder.fallback' },
          },
        },
      },
    },
    fallback: {
      description: 'The registry refuses: events go to the journal, durably and in order.',
      initial: 'appending',
      after: { replayInterval: 'replaying' },
      states: {
        appending: {
          description: 'The batch is on its way to the journal.',
          entry: 'takeBatch',
          invoke: { src: 'appendToJournal', input: ({ context }) => ({ events: context.buffer.sending }) },
          on: {
            'journal.appended': [
              { guard: 'hasMore', target: 'appending', reenter: true, actions: 'settleBatch' },
              { target: 'resting', actions: 'settleBatch' },
            ],
            'journal.failed': { target: 'resting' },
          },
        },
        resting: {
          description: 'Kept; waits for more, or for the time to try the registry again.',
          entry: 'answerFlush',
          on: {
            'event.record': { target: 'appending', actions: 'keep' },
            'recorder.flush': { actions: ['noteFlush', 'answerFlush'] },
          },
        },
      },
    },
    replaying: {
      description: 'What the journal holds goes to the registry, in order and once, before anything newer.',
      invoke: { src: 'replayEvents', input: {} },
      on: {
        'events.recorded': { target: 'recording' },
        'events.refused': [{ guard: 'hasUnsettled', target: 'fallback' }, { target: 'fallback.resting' }],
      },
    },
  },
});
