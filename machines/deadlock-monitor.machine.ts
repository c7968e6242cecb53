import { enqueueActions, sendParent, setup } from 'xstate';
import { FEW_NAMES, type Deadlock, type StuckReport } from '../src/domain/deadlock.ts';
import { event as draft, type EventDraft } from '../src/domain/events.ts';
import { parseTaskKey } from '../src/domain/ids.ts';
import type { Telemetry } from '../src/ports/telemetry.ts';
import type { DeadlockBoard } from './deadlock-board.ts';
import type { DeadlockMonitorMessage, DispatcherMessage } from './messages.ts';
import { portActor } from './port-actor.ts';

export interface DeadlockMonitorInput {
  /** Between two surveys, ms. */
  readonly checkIntervalMs: number;
  /** Adds to what the registry knows what only the scheduler does: whom no pool can ever take. Reads only. */
  readonly judge: (report: StuckReport) => readonly Deadlock[];
  readonly board: DeadlockBoard;
  readonly telemetry: Telemetry;
  /** ms since the epoch. */
  readonly wall: () => number;
}

/** The first survey comes early: what an earlier life left stuck is told at once. */
const FIRST_MS = 1_000;
/** Lines for people after one survey; the rest is a number. */
const LINES = 10;

const eventOf = (type: 'DeadlockDetected' | 'DeadlockResolved', at: number, deadlock: Deadlock): EventDraft => {
  const { kind, path, heldUp, text } = deadlock;
  // What does not exist is no task.
  const cause = kind === 'missing' ? null : parseTaskKey(path[0] ?? '');
  const details = { kind, path, text, held_up: heldUp.count, first: heldUp.first.slice(0, FEW_NAMES) };
  return draft(type, at, 'dispatcher', { spec: cause?.spec ?? null, taskId: cause?.id ?? null, details });
};

const monitor = setup({
  types: {} as { context: DeadlockMonitorInput; input: DeadlockMonitorInput; events: DeadlockMonitorMessage },
  actors: { survey: portActor<{ readonly names: number }>('survey') },
  delays: {
    firstInterval: ({ context }) => Math.min(FIRST_MS, context.checkIntervalMs),
    checkInterval: ({ context }) => context.checkIntervalMs,
  },
  actions: {
    writeBoard: ({ context, event }) => {
      if (event.type === 'stuck.surveyed') context.board.write(context.judge(event.report), event.report.stuck);
    },
    tellPeople: ({ context }) => {
      const { news, size } = context.board;
      for (const deadlock of news.detected.slice(0, LINES)) {
        context.telemetry.tell({ type: 'deadlockDetected', deadlock, standing: size });
      }
      const more = news.detected.length - LINES;
      const message = `${more} more reasons why tasks cannot go on; all of them: dispatcher deadlocks`;
      if (more > 0) context.telemetry.tell({ type: 'trouble', message, task: null, pool: null });
      for (const deadlock of news.resolved) context.telemetry.tell({ type: 'deadlockResolved', deadlock, standing: size });
    },
    recordNews: enqueueActions(({ context, enqueue }) => {
      const { detected, resolved } = context.board.news;
      const at = context.wall();
      const events = [
        ...detected.map((deadlock) => eventOf('DeadlockDetected', at, deadlock)),
        ...resolved.map((deadlock) => eventOf('DeadlockResolved', at, deadlock)),
      ];
      for (const event of events) {
        const message: DispatcherMessage = { type: 'event.record', event };
        enqueue(sendParent(message));
      }
    }),
  },
});

/** Looks now and then whether tasks wait for what will never be (R13), and tells what is new of that. */
export const deadlockMonitorMachine = monitor.createMachine({
  id: 'deadlockMonitor',
  description: 'Tells people and the record which tasks cannot go on, each reason once, and when it is resolved.',
  context: ({ input }) => input,
  initial: 'beginning',
  states: {
    beginning: {
      description: 'The dispatcher has only begun: what became of earlier runners is found out first.',
      after: { firstInterval: 'surveying' },
    },
    surveying: {
      description: 'The registry looks at everything that has not ended.',
      invoke: { src: 'survey', input: { names: FEW_NAMES } },
      on: {
        'stuck.surveyed': { target: 'waiting', actions: ['writeBoard', 'tellPeople', 'recordNews'] },
        // Those who must act on its failure hear of it by their own calls.
        'stuck.failed': 'waiting',
      },
    },
    waiting: {
      description: 'Until the next survey is due.',
      after: { checkInterval: 'surveying' },
    },
  },
});
