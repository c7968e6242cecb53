import { assign, enqueueActions, sendTo, setup, spawnChild, stopChild } from 'xstate';
import { event as draft } from '../../src/domain/events.ts';
import { parseTaskKey } from '../../src/domain/ids.ts';
import { MAX_DURATION_MS } from '../../src/domain/quantities.ts';
import { agentPoolMachine } from '../agent-pool/machine.ts';
import { eventRecorderMachine } from '../event-recorder.machine.ts';
import { deadlockMonitorMachine } from '../deadlock-monitor.machine.ts';
import { portActor } from '../port-actor.ts';
import { taskMonitorMachine } from '../task-monitor.machine.ts';
import {
  DEADLOCK_MONITOR,
  deadlockMonitorInput,
  MONITOR,
  poolActorId,
  RECORDER,
  SWEEP,
  type DispatcherContext,
  type DispatcherInput,
  type DispatcherOutput,
} from './context.ts';
import { poolEvent } from './pool-event.ts';
import { notices } from './notices.ts';
import { failureOf, records, type DispatcherEvent } from './records.ts';
import { emptyLeavers, poolInput, poolSteps } from './reconfiguration.ts';
import { endedUnthrottled, throttleTimer } from './throttling.ts';

const BACKOFF = 'backoff';
/** How long the last events may take before the process ends without them: longer than a locked registry is waited for. */
const FLUSH_MS = 10_000;
/** What an abort takes longer than the grace time, at the most. */
const ABORT_MARGIN_MS = 60_000;

/** Types, ports, guards and actions of the Dispatcher. */
export const dispatcher = setup({
  types: {} as {
    context: DispatcherContext;
    input: DispatcherInput;
    events: DispatcherEvent;
    output: DispatcherOutput;
  },
  actors: {
    recover: portActor<Record<string, never>>('recover'),
    sweep: portActor<Record<string, never>>('sweep'),
    agentPool: agentPoolMachine,
    taskMonitor: taskMonitorMachine,
    deadlockMonitor: deadlockMonitorMachine,
    eventRecorder: eventRecorderMachine,
  },
  delays: {
    shutdownTimeout: ({ context }) => context.settings.shutdown.timeoutMs,
    abortTimeout: ({ context }) => context.settings.stopGraceMs + ABORT_MARGIN_MS,
    flushTimeout: FLUSH_MS,
  },
  guards: {
    isQuiet: ({ context }) => context.scheduler.ledger.running === 0,
    leavesRunners: ({ context }) => context.settings.shutdown.onShutdown === 'leave',
    mustShutDown: ({ context }) => context.shutdownReason !== null,
    mustDrain: ({ context }) => context.drainActor !== null,
    hasFailed: ({ context }) => context.failure !== null,
    /** The monitor has looked after the last change that we know of, and found nothing. */
    isIdleForSure: ({ context, event }) =>
      event.type === 'monitor.caughtUp' && event.token === context.idleToken && context.scheduler.isIdle,
  },
  actions: {
    ...notices,
    spawnRecorder: enqueueActions(({ context, enqueue }) => {
      enqueue.spawnChild('eventRecorder', { id: RECORDER, input: { buffer: context.eventBuffer, telemetry: context.telemetry } });
    }),
    spawnPools: enqueueActions(({ context, enqueue }) => {
      for (const pool of context.pools) {
        enqueue.spawnChild('agentPool', { id: poolActorId(pool.name), input: poolInput(context, pool) });
      }
    }),
    spawnSweep: spawnChild('sweep', { id: SWEEP, input: {} }),
    spawnMonitor: enqueueActions(({ context, enqueue }) => {
      const { pollIntervalMs } = context.settings;
      enqueue.spawnChild('taskMonitor', { id: MONITOR, input: { pollIntervalMs } });
    }),
    stopMonitor: stopChild(MONITOR),
    spawnDeadlockMonitor: enqueueActions(({ context, enqueue }) => {
      const input = deadlockMonitorInput(context);
      if (input !== null) enqueue.spawnChild('deadlockMonitor', { id: DEADLOCK_MONITOR, input });
    }),
    stopDeadlockMonitor: stopChild(DEADLOCK_MONITOR),
    /** Their runners are not touched: nobody tells them anything any more, and what they tell reaches nobody. */
    stopPools: enqueueActions(({ context, enqueue }) => {
      for (const pool of context.pools) enqueue.stopChild(poolActorId(pool.name));
    }),

    configurePools: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'configuration.changed') return;
      const { settings, actor } = event;
      const { added, kept, leaving } = poolSteps(context, event);
      const pools = [...added, ...kept.map((pool) => pool.settings)];
      enqueue.assign({ settings, pools: [...event.pools, ...leaving], retiring: new Set(leaving.map(({ name }) => name)) });
      enqueue(() => context.scheduler.reconfigure(settings, pools));
      for (const pool of added) {
        enqueue.spawnChild('agentPool', { id: poolActorId(pool.name), input: poolInput({ ...context, settings }, pool) });
      }
      for (const { settings: pool, order } of kept) {
        const { stopGraceMs } = settings;
        const timeoutMs = pool.timeoutMs ?? settings.timeoutMs;
        enqueue.sendTo(poolActorId(pool.name), { type: 'pool.configure', settings: pool, timeoutMs, stopGraceMs });
        if (order !== null) enqueue.sendTo(poolActorId(pool.name), order);
      }
      for (const { name } of leaving) {
        // One that holds nothing is stopped at once.
        if (context.scheduler.ledger.use(name).running > 0) enqueue.sendTo(poolActorId(name), { type: 'pool.drain', actor });
      }
    }),
    configureMonitor: sendTo(MONITOR, ({ context }) => ({
      type: 'monitor.configure' as const,
      pollIntervalMs: context.settings.pollIntervalMs,
    })),
    retirePools: enqueueActions(({ context, enqueue }) => {
      const leaving = emptyLeavers(context);
      if (leaving.length === 0) return;
      enqueue.assign({
        pools: context.pools.filter(({ name }) => !leaving.includes(name)),
        retiring: new Set([...context.retiring].filter((name) => !leaving.includes(name))),
      });
      for (const name of leaving) {
        enqueue.stopChild(poolActorId(name));
        enqueue(() => context.scheduler.ledger.remove(name));
      }
    }),

    /** Told by a runner just now, or to an earlier dispatcher. One timer for each account. */
    bookThrottles: enqueueActions(({ context, event, enqueue }) => {
      const told = event.type === 'pool.throttled' ? [event] : event.type === 'recovery.finished' ? event.throttles : [];
      const { scheduler } = context;
      for (const { pool, until, reason } of told) {
        if ((scheduler.ledger.throttles.of(pool)?.until ?? 0) >= until) continue;
        enqueue(() => scheduler.throttle(pool, until, reason));
        const id = throttleTimer(scheduler.ledger.throttles.companionsOf(pool));
        const delay = Math.min(Math.max(0, until - context.wall()), MAX_DURATION_MS);
        enqueue.cancel(id);
        enqueue.raise({ type: 'throttle.over', pool, by: 'dispatcher' }, { id, delay });
      }
    }),
    endThrottle: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'pool.order' || event.order.type !== 'pool.enable') return;
      const { throttles } = context.scheduler.ledger;
      if (throttles.of(event.pool) === null) return;
      enqueue.cancel(throttleTimer(throttles.companionsOf(event.pool)));
      enqueue.raise({ type: 'throttle.over', pool: event.pool, by: event.order.actor });
    }),
    bookUnthrottled: ({ context, event }) => {
      if (event.type === 'throttle.over') context.scheduler.endThrottle(event.pool);
    },
    recordUnthrottled: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'throttle.over') return;
      const { pool, by } = event;
      const { throttles } = context.scheduler.ledger;
      const pools = throttles.companionsOf(pool);
      const account = throttles.of(pool)?.account ?? null;
      const details = { pools, ...(account === null ? {} : { account }) };
      enqueue.sendTo(RECORDER, { type: 'event.record', event: draft('PoolUnthrottled', context.wall(), by, { pool, details }) });
      const reason = by === 'dispatcher' ? 'its pause is over' : `by ${by}`;
      enqueue(() => context.telemetry.tell({ type: 'poolChanged', pool, state: 'no longer throttled', reason }));
    }),
    bookAdoptions: ({ context, event }) => {
      if (event.type !== 'recovery.finished') return;
      for (const { attempt, pool, runnerId } of event.adoptions) context.scheduler.adopt(attempt.task, pool, runnerId, context.now());
    },
    sendAdoptions: enqueueActions(({ event, enqueue }) => {
      if (event.type !== 'recovery.finished') return;
      for (const adoption of event.adoptions) {
        enqueue.sendTo(poolActorId(adoption.pool), { type: 'runner.adopt', adoption });
      }
    }),
    noteCancel: ({ context, event }) => {
      if (event.type === 'task.cancel') context.outbox.cancellations.set(event.key, event.reason);
    },
    /** What a person wanted cancelled while no dispatcher ran, or while this one did not know yet what runs. */
    sendCancellations: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'recovery.finished') return;
      const wallAt = context.wall();
      for (const { attempt, pool, runnerId } of event.adoptions) {
        const reason = attempt.cancelReason ?? context.outbox.cancellations.get(attempt.key);
        if (reason !== undefined) enqueue.sendTo(poolActorId(pool), { type: 'task.cancel', runnerId, reason, wallAt });
      }
    }),

    takeIn: ({ context, event }) => {
      if (event.type !== 'tasks.changed') return;
      for (const key of event.gone) context.scheduler.drop(key);
      const [wall, now] = [context.wall(), context.now()];
      for (const task of event.ready) context.scheduler.add(task, wall, now);
    },
    wakeDelayed: ({ context }) => {
      context.outbox.backoffArmedFor = null;
      context.scheduler.wakeDelayed(context.now());
    },
    book: ({ context, event }) => {
      if (event.type !== 'runner.settled') return;
      const { scheduler } = context;
      scheduler.release(event.task.key, event.runnerId, event.attempt !== null, context.now());
      if (event.report !== null && endedUnthrottled(event.report)) scheduler.ledger.throttles.forgive(event.pool);
      if (event.requeueAfterMs !== null) scheduler.takeBack(event.task, context.now() + event.requeueAfterMs);
    },
    bookDeclined: ({ context, event }) => {
      if (event.type !== 'runner.declined') return;
      context.scheduler.release(event.task.key, event.runnerId, false, context.now());
      context.scheduler.takeBack(event.task, null);
    },
    bookPoolState: ({ context, event }) => {
      if (event.type === 'pool.changed') context.scheduler.setPoolState(event.pool, event.state, event.accepting, event.reason);
      if (event.type === 'pool.resized') context.scheduler.resizePool(event.pool, event.maxConcurrency);
    },

    plan: ({ context }) => {
      context.outbox.assignments = context.scheduler.plan(context.now());
    },
    /** Sends what was planned, tells what can never be placed, and sets the timer for the next back-off. */
    carryOut: enqueueActions(({ context, enqueue }) => {
      const { outbox, scheduler } = context;
      for (const { pool, task, runnerId } of outbox.assignments) {
        enqueue.sendTo(poolActorId(pool), { type: 'runner.assign', task, runnerId });
      }
      for (const { task, reason } of scheduler.takeUnplaceable()) {
        const { spec, key } = task;
        const taskId = parseTaskKey(key)?.id ?? null;
        enqueue(() => context.telemetry.tell({ type: 'taskUnplaceable', task: key, reason }));
        const event = draft('TaskUnplaceable', context.wall(), 'dispatcher', { spec, taskId, details: { reason } });
        enqueue.sendTo(RECORDER, { type: 'event.record', event });
      }
      for (const message of scheduler.takeTroubles()) {
        enqueue(() => context.telemetry.tell({ type: 'trouble', message, task: null, pool: null }));
      }
      // One timer, for the earliest; moved only when an earlier one appears.
      const due = scheduler.nextDelayedDue();
      if (due === null || (outbox.backoffArmedFor !== null && outbox.backoffArmedFor <= due)) return;
      enqueue(() => {
        outbox.backoffArmedFor = due;
      });
      enqueue.cancel(BACKOFF);
      enqueue.raise({ type: 'backoff.elapsed' }, { id: BACKOFF, delay: Math.max(0, due - context.now()) });
    }),
    askWhetherIdle: enqueueActions(({ context, enqueue }) => {
      if (!context.untilIdle || !context.scheduler.isIdle) return;
      const token = context.idleToken + 1;
      enqueue.assign({ idleToken: token });
      enqueue.sendTo(MONITOR, { type: 'monitor.check', token });
    }),
    wakeMonitor: sendTo(MONITOR, { type: 'registry.changed' }),

    passToRecorder: sendTo(RECORDER, ({ event }) => {
      if (event.type !== 'event.record') throw new Error(`not for the recorder: ${event.type}`);
      return event;
    }),
    recordPoolChange: sendTo(RECORDER, ({ context, event }) => {
      if (event.type !== 'pool.changed' && event.type !== 'pool.resized') throw new Error(`no change of a pool: ${event.type}`);
      return { type: 'event.record' as const, event: poolEvent(event, context.wall()) };
    }),
    recordStarted: sendTo(RECORDER, records.recordStarted),
    recordDraining: sendTo(RECORDER, records.recordDraining),
    recordStopping: sendTo(RECORDER, records.recordStopping),
    recordStopped: sendTo(RECORDER, records.recordStopped),
    recordConfigured: sendTo(RECORDER, records.recordConfigured),
    flushRecorder: sendTo(RECORDER, { type: 'recorder.flush' }),

    noteShutdown: assign(({ event }) =>
      event.type === 'shutdown.request' ? { shutdownReason: event.reason } : { shutdownReason: 'shutdown' },
    ),
    noteDrain: assign(({ event }) => (event.type === 'drain.request' ? { drainActor: event.actor } : {})),
    noteLeftovers: assign(({ context }) => ({
      failure: context.failure ?? `${context.scheduler.ledger.running} runners are not proven dead`,
    })),
    noteFailure: assign(({ context, event }) => (context.failure === null ? { failure: failureOf(event) } : {})),
    interruptRunners: enqueueActions(({ context, enqueue }) => {
      const reason = context.failure === null ? 'the dispatcher shuts down' : 'the dispatcher failed';
      const wallAt = context.wall();
      for (const { name } of context.pools) {
        enqueue.sendTo(poolActorId(name), { type: 'pool.interrupt', reason, wallAt });
      }
    }),
    forceRunners: enqueueActions(({ context: { pools }, enqueue }) => {
      for (const { name } of pools) enqueue.sendTo(poolActorId(name), { type: 'pool.force' });
    }),
    passCancel: enqueueActions(({ context, event, enqueue, self }) => {
      if (event.type !== 'task.cancel') return;
      const runner = context.scheduler.runnerOf(event.key);
      // Its pool is gone where it was left to the next dispatcher, which finds the wish in the registry.
      if (runner === undefined || !(poolActorId(runner.pool) in self.getSnapshot().children)) return;
      const { runnerId, pool } = runner;
      enqueue.sendTo(poolActorId(pool), { type: 'task.cancel', runnerId, reason: event.reason, wallAt: context.wall() });
    }),
    passOrder: enqueueActions(({ event, enqueue, self }) => {
      if (event.type !== 'pool.order') return;
      const id = poolActorId(event.pool);
      // A name from outside may name nothing.
      if (id in self.getSnapshot().children) enqueue.sendTo(id, event.order);
    }),
  },
});
