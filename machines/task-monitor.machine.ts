import { assign, enqueueActions, sendParent, setup } from 'xstate';
import type { DispatcherMessage, MonitorMessage } from './messages.ts';
import { portActor } from './port-actor.ts';

export interface MonitorInput {
  /** Between polls when nothing wakes the monitor, ms. */
  readonly pollIntervalMs: number;
}

export interface MonitorContext {
  readonly pollIntervalMs: number;
  /** Where the change feed was read to; `null`: not at all, so everything ready is news. */
  readonly cursor: number | null;
  /** Something changed, or somebody asked, since the fetch under way began. */
  readonly again: boolean;
  /** The highest token asked for, and the one that the fetch under way can answer. */
  readonly asked: number;
  readonly answering: number;
  readonly answered: number;
}

const RETRY_MS = 1000;

const monitor = setup({
  types: {} as { context: MonitorContext; input: MonitorInput; events: MonitorMessage },
  actors: { fetchChanges: portActor<{ readonly cursor: number | null }>('fetchChanges') },
  delays: { pollInterval: ({ context }) => context.pollIntervalMs, retryInterval: RETRY_MS },
  guards: {
    /** Not a passing fault: the registry itself is broken. */
    isBeyondRetry: ({ event }) => event.type === 'changes.failed' && event.error.kind !== 'transient',
    mustGoOn: ({ context, event }) => (event.type === 'changes.fetched' && event.batch.more) || context.again,
  },
  actions: {
    beginFetch: assign(({ context }) => ({ again: false, answering: context.asked })),
    noteNews: assign({ again: true }),
    noteInterval: assign(({ event }) => (event.type === 'monitor.configure' ? { pollIntervalMs: event.pollIntervalMs } : {})),
    noteCheck: assign(({ context, event }) =>
      event.type === 'monitor.check' ? { asked: Math.max(context.asked, event.token), again: true } : {},
    ),
    advance: assign(({ event }) => (event.type === 'changes.fetched' ? { cursor: event.batch.cursor } : {})),
    tellRegistryFailed: sendParent(({ event }): DispatcherMessage => {
      if (event.type !== 'changes.failed') throw new Error(`no failure: ${event.type}`);
      return { type: 'registry.failed', error: event.error };
    }),
    tellChanges: enqueueActions(({ event, enqueue }) => {
      if (event.type !== 'changes.fetched') return;
      const { ready, gone } = event.batch;
      if (ready.length === 0 && gone.length === 0) return;
      const news: DispatcherMessage = { type: 'tasks.changed', ready, gone };
      enqueue(sendParent(news));
    }),
    tellCaughtUp: enqueueActions(({ context, event, enqueue }) => {
      const complete = event.type === 'changes.fetched' && !event.batch.more;
      if (!complete || context.answering <= context.answered) return;
      const token = context.answering;
      enqueue.assign({ answered: token });
      const answer: DispatcherMessage = { type: 'monitor.caughtUp', token };
      enqueue(sendParent(answer));
    }),
  },
});

/** Reads the registry's change feed: on every wake-up at once, and at the poll interval anyway. */
export const taskMonitorMachine = monitor.createMachine({
  id: 'taskMonitor',
  description: 'Tells the Dispatcher what became ready, each change once.',
  context: ({ input }) => ({ ...input, cursor: null, again: false, asked: 0, answering: 0, answered: 0 }),
  initial: 'fetching',
  // Counts from the next wait on.
  on: { 'monitor.configure': { actions: 'noteInterval' } },
  states: {
    fetching: {
      description: 'One page of the change feed is on its way.',
      entry: 'beginFetch',
      invoke: { src: 'fetchChanges', input: ({ context }) => ({ cursor: context.cursor }) },
      on: {
        'registry.changed': { actions: 'noteNews' },
        'monitor.check': { actions: 'noteCheck' },
        'changes.fetched': [
          {
            guard: 'mustGoOn',
            target: 'fetching',
            reenter: true,
            actions: ['advance', 'tellChanges', 'tellCaughtUp'],
          },
          { target: 'waiting', actions: ['advance', 'tellChanges', 'tellCaughtUp'] },
        ],
        'changes.failed': [
          { guard: 'isBeyondRetry', target: 'backingOff', actions: 'tellRegistryFailed' },
          { target: 'backingOff' },
        ],
      },
    },
    waiting: {
      description: 'Up to date.',
      after: { pollInterval: 'fetching' },
      on: {
        'registry.changed': { target: 'fetching' },
        'monitor.check': { target: 'fetching', actions: 'noteCheck' },
      },
    },
    backingOff: {
      description: 'The registry did not answer: asked again after a pause.',
      after: { retryInterval: 'fetching' },
      on: { 'monitor.check': { actions: 'noteCheck' } },
    },
  },
});
