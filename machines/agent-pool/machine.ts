import { assign, enqueueActions, sendParent, setup, type DoneActorEvent, type ErrorActorEvent } from 'xstate';
import type { RunnerId } from '../../src/domain/ids.ts';
import type { DispatcherMessage, PoolMessage, RunnerMessage, RunnerSettled } from '../messages.ts';
import { portActor } from '../port-actor.ts';
import { poolContext, waitedMs, type PoolContext, type PoolInput } from './context.ts';
import { spawnAdopted, spawnCondemned, spawnFresh } from './runners.ts';
import { tripReason } from './trip-reason.ts';

type PoolEvent = PoolMessage | DoneActorEvent<RunnerSettled> | ErrorActorEvent;

const DEADLINES = 'deadlines';

const changed =
  (state: string, accepting: boolean, why?: (context: PoolContext, event: PoolEvent) => string) =>
  ({ context, event }: { context: PoolContext; event: PoolEvent }): DispatcherMessage => ({
    type: 'pool.changed',
    pool: context.settings.name,
    state,
    accepting,
    actor: 'actor' in event && typeof event.actor === 'string' ? event.actor : 'dispatcher',
    reason: why?.(context, event) ?? ('reason' in event && typeof event.reason === 'string' ? event.reason : ''),
  });

const pool = setup({
  types: {} as { context: PoolContext; input: PoolInput; events: PoolEvent },
  actors: { probe: portActor<{ readonly pool: string }>('probe') },
  delays: {
    cooldown: ({ context }) => context.settings.breaker.cooldownMs,
    healthInterval: ({ context }) => context.settings.breaker.healthIntervalMs ?? 0,
  },
  guards: {
    startsEnabled: ({ context }) => context.settings.enabled,
    hasLaunchFailures: ({ context }) => context.launchFailures > 0,
    checksHealth: ({ context }) => context.settings.breaker.healthIntervalMs !== null,
    isSickTooOften: ({ context }) => context.sicknesses + 1 >= context.settings.breaker.failures,
    isEmpty: ({ context }) => context.table.refs.size === 0,
    reachesTripLimit: ({ context, event }) =>
      event.type === 'runner.launchFailed' &&
      event.error.kind !== 'permanent' &&
      context.launchFailures + 1 >= context.settings.breaker.failures,
  },
  actions: {
    spawnRunner: ({ context, event, self }) => {
      if (event.type === 'runner.assign') spawnFresh(context, self, event.runnerId, event.task);
    },
    adoptRunner: ({ context, event, self }) => {
      if (event.type === 'runner.adopt') spawnAdopted(context, self, event.adoption);
    },
    decline: sendParent(({ event }): DispatcherMessage => {
      if (event.type !== 'runner.assign') throw new Error(`declined ${event.type}`);
      return { type: 'runner.declined', runnerId: event.runnerId, task: event.task };
    }),
    replaceBrokenRunner: ({ context, event, self }) => {
      if (!('actorId' in event)) return;
      const id = event.actorId as RunnerId;
      const last = context.table.refs.get(id)?.getSnapshot().context;
      const error = 'error' in event ? String(event.error) : 'unknown error';
      // Broken while it cleaned up, or no runner at all: nothing can be trusted, the Dispatcher aborts.
      if (last === undefined || last.entry.kind === 'condemned') throw new Error(`${event.actorId} broke: ${error}`);
      const message = `the runner's actor broke: ${error}`;
      const { settings, terms } = context;
      terms.telemetry.tell({ type: 'trouble', message, task: last.task.key, pool: settings.name });
      spawnCondemned(context, self, id, last, message);
    },
    forgetRunner: ({ context, event }) => {
      if (!('actorId' in event)) return;
      context.table.refs.delete(event.actorId as RunnerId);
      context.table.deadlines.clearAll(event.actorId as RunnerId);
    },
    tellSettled: sendParent(({ context, event }): DispatcherMessage => {
      if (!('output' in event)) throw new Error(`no output in ${event.type}`);
      return { type: 'runner.settled', pool: context.settings.name, ...event.output };
    }),
    passOn: sendParent(({ event }) => event),
    noteDeadline: ({ context: { table }, event }) => {
      if (event.type === 'runner.launched') table.deadlines.set(event.runnerId, 'runTime', event.limitAt);
      if (event.type === 'deadline.set') table.deadlines.set(event.runnerId, event.name, event.at);
      if (event.type === 'deadline.clear') table.deadlines.clear(event.runnerId, event.name);
    },
    noteTimerFired: ({ context }) => {
      context.table.armedFor = null;
    },
    /** One timer, for the earliest; moved only when an earlier one appears. */
    armTimer: enqueueActions(({ context, enqueue }) => {
      const { table, terms } = context;
      const earliest = table.deadlines.earliest();
      if (earliest === null || (table.armedFor !== null && table.armedFor <= earliest)) return;
      enqueue(() => {
        table.armedFor = earliest;
      });
      enqueue.cancel(DEADLINES);
      enqueue.raise({ type: 'deadlines.due' }, { id: DEADLINES, delay: Math.max(0, earliest - terms.now()) });
    }),
    tellDeadlines: enqueueActions(({ context, enqueue }) => {
      const { table, terms } = context;
      const wallAt = terms.wall();
      for (const { runnerId, name } of table.deadlines.takeDue(terms.now())) {
        const ref = table.refs.get(runnerId);
        if (ref !== undefined) enqueue.sendTo(ref, { type: 'deadline.reached', name, wallAt });
      }
    }),
    tellAll: enqueueActions(({ context, event, enqueue }) => {
      const message: RunnerMessage | null =
        event.type === 'pool.interrupt'
          ? { type: 'runner.interrupt', reason: event.reason, wallAt: event.wallAt }
          : event.type === 'pool.force'
            ? { type: 'runner.force' }
            : null;
      if (message === null) return;
      for (const ref of context.table.refs.values()) enqueue.sendTo(ref, message);
    }),
    tellCancelled: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'task.cancel') return;
      const ref = context.table.refs.get(event.runnerId);
      if (ref !== undefined) enqueue.sendTo(ref, { ...event, type: 'runner.cancel' });
    }),
    resize: assign(({ context, event }) =>
      event.type === 'pool.resize' ? { settings: { ...context.settings, maxConcurrency: event.maxConcurrency } } : {},
    ),
    tellResized: sendParent(({ context, event }): DispatcherMessage => ({
      type: 'pool.resized',
      pool: context.settings.name,
      maxConcurrency: context.settings.maxConcurrency,
      actor: event.type === 'pool.resize' ? event.actor : 'dispatcher',
    })),
    announceLaunch: ({ context, event }) => {
      if (event.type !== 'runner.launched') return;
      const runner = context.table.refs.get(event.runnerId)?.getSnapshot().context;
      if (runner === undefined) return;
      context.terms.telemetry.tell({
        type: 'runnerStarted',
        task: runner.task.key,
        runnerId: event.runnerId,
        pool: context.settings.name,
        attempt: runner.claim?.attempt ?? 0,
        adopted: event.adopted,
        waitedMs: event.adopted ? null : waitedMs(runner.task, context.terms.wall()),
      });
    },
    forgiveLaunchFailures: assign({ launchFailures: 0 }),
    countLaunchFailure: assign(({ context, event }) =>
      event.type === 'runner.launchFailed' && event.error.kind !== 'permanent'
        ? { launchFailures: context.launchFailures + 1, lastFailure: event.error.message }
        : {},
    ),
    tellLaunchFailure: ({ context, event }) => {
      if (event.type !== 'runner.launchFailed') return;
      const task = context.table.refs.get(event.runnerId)?.getSnapshot().context.task.key ?? null;
      const { kind, message } = event.error;
      const { runnerId } = event;
      context.terms.telemetry.tell({ type: 'launchFailed', pool: context.settings.name, task, runnerId, kind, message });
    },
    configure: assign(({ context, event }) =>
      event.type === 'pool.configure'
        ? {
            settings: event.settings,
            terms: { ...context.terms, timeoutMs: event.timeoutMs, stopGraceMs: event.stopGraceMs },
          }
        : {},
    ),
    tellThrottled: sendParent(({ context, event }): DispatcherMessage => {
      if (event.type !== 'runner.throttled') throw new Error(`not throttled: ${event.type}`);
      return { type: 'pool.throttled', pool: context.settings.name, until: event.until, reason: event.reason };
    }),
    forgiveSicknesses: assign({ sicknesses: 0 }),
    countSickness: assign(({ context: { sicknesses } }) => ({ sicknesses: sicknesses + 1 })),
    noteUnhealthy: assign(({ event }) => (event.type === 'engine.unhealthy' ? { lastFailure: event.error.message } : {})),
    tellEnabled: sendParent(changed('enabled', true)),
    tellDisabled: sendParent(changed('disabled', false)),
    tellDraining: sendParent(changed('draining', false)),
    tellRecovered: sendParent(changed('enabled', true, () => 'probe succeeded')),
    tellTripped: sendParent(changed('tripped', false, tripReason)),
  },
});

/** What an order to drain leads to, wherever it is given. */
const ORDERLY_END = [
  { guard: 'isEmpty', target: 'disabled', actions: 'tellDisabled' },
  { target: 'draining', actions: 'tellDraining' },
] as const;

/** Runs attempts on one engine within its limits. */
export const agentPoolMachine = pool.createMachine({
  id: 'agentPool',
  description: 'One agent pool. What runs goes on in every state; only the intake differs.',
  context: ({ input }) => poolContext(input),
  initial: 'arriving',
  on: {
    'runner.assign': { actions: 'decline' },
    'runner.adopt': { actions: 'adoptRunner' },
    'runner.launched': [
      { guard: 'hasLaunchFailures', actions: ['forgiveLaunchFailures', 'noteDeadline', 'armTimer', 'announceLaunch'] },
      { actions: ['noteDeadline', 'armTimer', 'announceLaunch'] },
    ],
    'runner.launchFailed': { actions: ['countLaunchFailure', 'tellLaunchFailure'] },
    'xstate.done.actor.*': { actions: ['forgetRunner', 'tellSettled'] },
    'xstate.error.actor.*': { actions: 'replaceBrokenRunner' },
    'deadline.set': { actions: ['noteDeadline', 'armTimer'] },
    'deadline.clear': { actions: 'noteDeadline' },
    'deadlines.due': { actions: ['noteTimerFired', 'tellDeadlines', 'armTimer'] },
    'event.record': { actions: 'passOn' },
    'registry.failed': { actions: 'passOn' },
    'task.cancel': { actions: 'tellCancelled' },
    'pool.interrupt': { actions: 'tellAll' },
    'pool.force': { actions: 'tellAll' },
    'pool.resize': { actions: ['resize', 'tellResized'] },
    'pool.configure': { actions: 'configure' },
    'runner.throttled': { actions: 'tellThrottled' },
  },
  states: {
    arriving: {
      description: 'As the configuration says.',
      always: [{ guard: 'startsEnabled', target: 'enabled' }, { target: 'disabled' }],
    },
    enabled: {
      description: 'Takes what the Dispatcher assigns.',
      entry: 'forgiveSicknesses',
      initial: 'unwatched',
      states: {
        unwatched: {
          description: 'Nobody asks how the engine is, unless the configuration says so.',
          always: { guard: 'checksHealth', target: 'resting' },
        },
        resting: {
          description: 'Until the next health check.',
          after: { healthInterval: 'asking' },
        },
        asking: {
          description: 'Asks the engine whether it is well.',
          invoke: { src: 'probe', input: ({ context }) => ({ pool: context.settings.name }) },
          on: {
            'engine.healthy': { target: 'resting', actions: 'forgiveSicknesses' },
            'engine.unhealthy': [
              { guard: 'isSickTooOften', target: '#agentPool.tripped', actions: ['countSickness', 'noteUnhealthy', 'tellTripped'] },
              { target: 'resting', actions: ['countSickness', 'noteUnhealthy'] },
            ],
          },
        },
      },
      on: {
        'pool.configure': { target: '.unwatched', actions: 'configure' },
        'runner.assign': { actions: 'spawnRunner' },
        'runner.launchFailed': [
          {
            guard: 'reachesTripLimit',
            target: 'tripped',
            actions: ['countLaunchFailure', 'tellLaunchFailure', 'tellTripped'],
          },
          { actions: ['countLaunchFailure', 'tellLaunchFailure'] },
        ],
        'pool.disable': { target: 'disabled', actions: 'tellDisabled' },
        'pool.drain': ORDERLY_END,
      },
    },
    disabled: {
      description: 'Takes nothing, by configuration or because a person said so.',
      on: { 'pool.enable': { target: 'enabled', actions: 'tellEnabled' } },
    },
    draining: {
      description: 'Takes nothing more; disabled once its last runner is settled.',
      on: {
        'xstate.done.actor.*': { target: 'emptying', actions: ['forgetRunner', 'tellSettled'] },
        'pool.enable': { target: 'enabled', actions: 'tellEnabled' },
        'pool.disable': { target: 'disabled', actions: 'tellDisabled' },
      },
    },
    emptying: {
      description: 'One less; was it the last?',
      always: [{ guard: 'isEmpty', target: 'disabled', actions: 'tellDisabled' }, { target: 'draining' }],
    },
    tripped: {
      description: 'Launches kept failing, or the engine is not well: takes nothing until it has rested and was probed.',
      after: { cooldown: 'probing' },
      on: {
        'pool.disable': { target: 'disabled', actions: 'tellDisabled' },
        'pool.enable': { target: 'enabled', actions: ['forgiveLaunchFailures', 'tellEnabled'] },
        'pool.drain': ORDERLY_END,
      },
    },
    probing: {
      description: 'Asks the engine whether it is well.',
      invoke: { src: 'probe', input: ({ context }) => ({ pool: context.settings.name }) },
      on: {
        'engine.healthy': { target: 'enabled', actions: ['forgiveLaunchFailures', 'tellRecovered'] },
        'engine.unhealthy': { target: 'tripped', actions: 'noteUnhealthy' },
        'pool.disable': { target: 'disabled', actions: 'tellDisabled' },
        // The answer may be long in coming.
        'pool.enable': { target: 'enabled', actions: ['forgiveLaunchFailures', 'tellEnabled'] },
        'pool.drain': ORDERLY_END,
      },
    },
  },
});
