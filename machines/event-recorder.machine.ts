import { enqueueActions, sendParent, setup } from 'xstate';
import type { KeyedEvent } from '../src/ports/event-journal.ts';
import type { Telemetry } from '../src/ports/telemetry.ts';
import type { EventBuffer } from './event-buffer.ts';
import type { DispatcherMessage, RecorderMessage } from './messages.ts';
import { portActor } from './port-actor.ts';

export interface RecorderInput {
  readonly buffer: EventBuffer;
  readonly telemetry: Telemetry;
}

export interface RecorderContext extends RecorderInput {
  readonly flushAsked: { value: boolean };
}

const REPLAY_MS = 5000;

const DROPPING =
  'events can be written neither to the registry nor to the journal, and no more of them fit into memory: ' +
  'new ones are dropped and counted; free some disk space';

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
    isDeposed: ({ event }) => event.type === 'events.refused' && event.error.kind === 'deposed',
  },
  actions: {
    keep: ({ context: { buffer, telemetry }, event }) => {
      if (event.type !== 'event.record') return;
      buffer.add(event.event);
      if (buffer.dropped === 1) telemetry.tell({ type: 'trouble', message: DROPPING, task: null, pool: null });
    },
    tellDeposed: sendParent(({ event }): DispatcherMessage => {
      if (event.type !== 'events.refused') throw new Error(`not refused: ${event.type}`);
      return { type: 'registry.failed', error: event.error };
    }),
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
            'events.refused': [
              { guard: 'isDeposed', target: '#eventRecorder.fallback', actions: 'tellDeposed' },
              { target: '#eventRecorder.fallback' },
            ],
          },
        },
      },
    },
    fallback: {
      description: 'The registry refuses: events go to the journal, durably and in order.',
      initial: 'weighing',
      after: { replayInterval: 'replaying' },
      states: {
        weighing: {
          description: 'Does anything wait that is not in the journal yet?',
          always: [{ guard: 'hasUnsettled', target: 'appending' }, { target: 'resting' }],
        },
        appending: {
          description: 'The batch is on its way to the journal.',
          entry: 'takeBatch',
          invoke: { src: 'appendToJournal', input: ({ context }) => ({ events: context.buffer.sending }) },
          on: {
            'journal.appended': { target: 'weighing', actions: 'settleBatch' },
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
        'events.refused': [
          { guard: 'isDeposed', target: 'fallback', actions: 'tellDeposed' },
          { target: 'fallback' },
        ],
      },
    },
  },
});
