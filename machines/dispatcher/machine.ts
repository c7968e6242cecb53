import { dispatcherContext, endReason } from './context.ts';
import { dispatcher } from './setup.ts';

const BOOK_THROTTLE = ['bookThrottles', 'tellThrottled'] as const;
const CONFIGURE = ['configurePools', 'configureMonitor', 'recordConfigured', 'retirePools'] as const;
const BOOK_UNTHROTTLED = ['recordUnthrottled', 'bookUnthrottled'] as const;

const SCHEDULE = ['plan', 'carryOut'] as const;

const TAKE_OVER = [
  'spawnRecorder', 'recordStarted', 'spawnPools', 'bookThrottles', 'bookAdoptions', 'sendAdoptions', 'sendCancellations', 'spawnSweep',
] as const;

const running = dispatcher.createStateConfig({
  description: 'Takes in ready tasks, decides what starts where, and hears of every end.',
  entry: ['tellRunning', 'spawnMonitor', 'spawnDeadlockMonitor', 'askWhetherIdle'],
  exit: ['stopMonitor', 'stopDeadlockMonitor'],
  on: {
    'tasks.changed': { actions: ['takeIn', ...SCHEDULE, 'askWhetherIdle'] },
    'runner.settled': { actions: ['book', 'tellSettled', 'retirePools', ...SCHEDULE, 'askWhetherIdle'] },
    'runner.declined': { actions: ['bookDeclined', ...SCHEDULE] },
    'pool.changed': { actions: ['bookPoolState', 'tellPoolChanged', 'recordPoolChange', ...SCHEDULE] },
    'pool.resized': { actions: ['bookPoolState', 'recordPoolChange', ...SCHEDULE] },
    'throttle.over': { actions: [...BOOK_UNTHROTTLED, ...SCHEDULE] },
    'configuration.changed': { actions: [...CONFIGURE, ...SCHEDULE, 'askWhetherIdle'] },
    'backoff.elapsed': { actions: ['wakeDelayed', ...SCHEDULE, 'askWhetherIdle'] },
    'registry.changed': { actions: 'wakeMonitor' },
    'monitor.caughtUp': { guard: 'isIdleForSure', target: 'closing' },
    'shutdown.request': { target: 'draining', actions: 'noteShutdown' },
    'drain.request': { target: 'finishing', actions: 'noteDrain' },
  },
});

/** The root actor: the one owner of queue and ledger, the parent of pools, monitor and recorder. */
export const dispatcherMachine = dispatcher.createMachine({
  id: 'dispatcher',
  description: 'From recovery to the last event: what a dispatcher process lives through.',
  context: ({ input }) => dispatcherContext(input),
  initial: 'starting',
  output: ({ context }) => ({
    failure: context.failure,
    reason: endReason(context),
  }),
  on: {
    'runner.settled': { actions: ['book', 'tellSettled', 'retirePools'] },
    'runner.declined': { actions: 'bookDeclined' },
    'pool.changed': { actions: ['bookPoolState', 'tellPoolChanged', 'recordPoolChange'] },
    'pool.resized': { actions: ['bookPoolState', 'recordPoolChange'] },
    'pool.throttled': { actions: BOOK_THROTTLE },
    'throttle.over': { actions: BOOK_UNTHROTTLED },
    'pool.order': { actions: ['passOrder', 'endThrottle'] },
    'task.cancel': { actions: 'passCancel' },
    'event.record': { actions: 'passToRecorder' },
    // Deposed, or without a registry, nothing can be claimed or settled: what runs is left for the next one.
    'registry.failed': { target: '.forsaking', actions: 'noteFailure' },
    'xstate.error.actor.*': { target: '.aborting', actions: 'noteFailure' },
  },
  states: {
    starting: {
      description: 'Finds what an earlier dispatcher left, and takes it over before anything new starts.',
      invoke: { src: 'recover', input: {} },
      on: {
        'recovery.finished': [
          { guard: 'mustShutDown', target: 'draining', actions: TAKE_OVER },
          { guard: 'mustDrain', target: 'finishing', actions: TAKE_OVER },
          { target: 'running', actions: TAKE_OVER },
        ],
        'recovery.failed': { target: 'failed', actions: 'noteFailure' },
        // Obeyed once it is known what runs; a second one does not wait for that.
        'shutdown.request': [{ guard: 'mustShutDown', target: 'stopped' }, { actions: 'noteShutdown' }],
        'drain.request': { actions: 'noteDrain' },
        'task.cancel': { actions: 'noteCancel' },
        'xstate.error.actor.*': { target: 'failed', actions: 'noteFailure' },
      },
    },
    running,
    finishing: {
      description: 'Drained by a person: starts nothing more and waits for what runs, however long that takes.',
      entry: ['tellDraining', 'recordDraining'],
      always: { guard: 'isQuiet', target: 'closing' },
      on: { 'shutdown.request': { target: 'draining', actions: 'noteShutdown' } },
    },
    draining: {
      description: 'Starts nothing more and waits for what runs, up to the shutdown timeout.',
      entry: ['tellWaiting', 'recordStopping'],
      always: [{ guard: 'leavesRunners', target: 'closing' }, { guard: 'isQuiet', target: 'closing' }],
      after: { shutdownTimeout: 'aborting' },
      on: { 'shutdown.request': 'aborting' },
    },
    aborting: {
      description: 'Stops what is left: terminate, grace, kill, proven dead; the tasks go back unharmed.',
      entry: ['tellAborting', 'interruptRunners'],
      always: { guard: 'isQuiet', target: 'closing' },
      after: { abortTimeout: { target: 'closing', actions: 'noteLeftovers' } },
      on: {
        'shutdown.request': { actions: 'forceRunners' },
        'xstate.error.actor.*': { actions: 'noteFailure' },
      },
    },
    closing: {
      description: 'The last events are on their way to the registry.',
      entry: ['recordStopped', 'flushRecorder'],
      after: { flushTimeout: { target: 'ended', actions: 'tellUnwritten' } },
      on: {
        'recorder.flushed': 'ended',
        'registry.failed': { actions: ['noteFailure', 'stopPools'] },
        'xstate.error.actor.*': { target: 'ended', actions: 'noteFailure' },
      },
    },
    forsaking: {
      description: 'Lets go of everything as it is; the last events are on their way to the registry or the journal.',
      entry: ['stopPools', 'recordStopped', 'flushRecorder'],
      after: { flushTimeout: { target: 'failed', actions: 'tellUnwritten' } },
      on: {
        'recorder.flushed': 'failed',
        // Those that were still asking hear the same.
        'registry.failed': {},
        'xstate.error.actor.*': { target: 'failed' },
      },
    },
    ended: {
      description: 'Well, or not?',
      always: [{ guard: 'hasFailed', target: 'failed' }, { target: 'stopped' }],
    },
    stopped: { type: 'final', description: 'Nothing runs, nothing is held, everything is recorded.' },
    failed: { type: 'final', description: 'It could not go on; what runs is adopted by the next start.' },
  },
});
