import type { InspectionEvent } from 'xstate';
import { dispatcherMachine } from '../../machines/dispatcher/machine.ts';
import type { DispatcherMessage, PoolOrder } from '../../machines/messages.ts';
import { event } from '../../src/domain/events.ts';
import { portError } from '../../src/domain/failures.ts';
import { poolName } from '../../src/domain/ids.ts';
import type { PoolSettings } from '../../src/domain/settings.ts';
import type { LifeKind } from './dispatcher-end.ts';
import { DispatcherLife } from './dispatcher-life.ts';
import type { Modelled, Step } from './modelled.ts';
import { RUNNER_ANSWERS, type RunnerAnswer } from './runner-answers.ts';
import { LOCAL, poolSettings, readyTask } from './samples.ts';

const BROKEN = portError('permanent', 'disk full');

const birth = (name: string, kind: LifeKind): Step<DispatcherLife> => ({
  name,
  can: (life) => life.phase === null,
  run: (life) => life.begin(kind),
});
const message = (name: string, told: DispatcherMessage, run: (life: DispatcherLife) => void): Step<DispatcherLife> => ({
  name,
  can: (life) => life.can(told),
  run,
});
const answer = (name: string, port: string, run: (life: DispatcherLife) => void): Step<DispatcherLife> => ({
  name,
  can: (life) => life.call(port) !== undefined,
  run,
});
const order = (name: string, pool: string, wish: PoolOrder): Step<DispatcherLife> => {
  const told: DispatcherMessage = { type: 'pool.order', pool: poolName(pool), order: wish };
  return message(name, told, (life) => life.say(told));
};

const births: readonly Step<DispatcherLife>[] = [
  birth('to work', { untilIdle: false, leaves: false, broken: false }),
  birth('to work until nothing is left', { untilIdle: true, leaves: false, broken: false }),
  birth('to leave its runners behind', { untilIdle: false, leaves: true, broken: false }),
  birth('to break at recovery', { untilIdle: false, leaves: false, broken: true }),
];

const FOUND: DispatcherMessage = { type: 'recovery.finished', adoptions: [], throttles: [] };
const recoveries: readonly Step<DispatcherLife>[] = [
  message('nothing was left', FOUND, (life) => life.recover(0)),
  message('one was left', FOUND, (life) => life.recover(1)),
  message('recovery fails', { type: 'recovery.failed', error: BROKEN }, (life) => life.failRecovery()),
];

const TASK = readyTask('t1');
const CANCEL: DispatcherMessage = { type: 'task.cancel', key: TASK.key, reason: 'no more' };
const EVENT: DispatcherMessage = { type: 'event.record', event: event('RunnerSurvived', 0, 'dispatcher') };
const RESUME: PoolOrder = { type: 'pool.enable', actor: 'user:ann' };
const people: readonly Step<DispatcherLife>[] = [
  message('shutdown', { type: 'shutdown.request', reason: 'SIGTERM' }, (life) => life.shutdown()),
  message('drain', { type: 'drain.request', actor: 'cli:ann' }, (life) => life.drain()),
  message('cancel', CANCEL, (life) => life.say(CANCEL)),
  message('news', { type: 'registry.changed' }, (life) => life.say({ type: 'registry.changed' })),
  order('disable the pool', LOCAL, { type: 'pool.disable', actor: 'user:ann', reason: 'repairs' }),
  order('enable the pool', LOCAL, RESUME),
  order('drain the pool', LOCAL, { type: 'pool.drain', actor: 'user:ann' }),
  order('resize the pool', LOCAL, { type: 'pool.resize', actor: 'user:ann', maxConcurrency: 3 }),
  order('enable a pool that is not there', 'nowhere', RESUME),
];

const SECOND = poolSettings({ name: poolName('second') });
const reload = (name: string, ...pools: readonly PoolSettings[]): Step<DispatcherLife> => ({
  name,
  can: (life) => life.phase === 'running',
  run: (life) => life.reload(pools),
});
const reloads: readonly Step<DispatcherLife>[] = [
  reload('a second pool is configured', poolSettings(), SECOND),
  reload('no second pool is configured', poolSettings()),
  reload('the pool is configured as smaller', poolSettings({ maxConcurrency: 3 })),
];

const world: readonly Step<DispatcherLife>[] = [
  { name: 'a task', can: (life) => life.maySubmit, run: (life) => life.submit(null) },
  { name: 'a task for later', can: (life) => life.maySubmit, run: (life) => life.submit(10_000) },
  answer('nothing new', 'fetchChanges', (life) => life.fetch()),
  ...(Object.keys(RUNNER_ANSWERS) as RunnerAnswer[]).map((name) => answer(name, RUNNER_ANSWERS[name].port, (life) => life.reply(name))),
  { name: 'the pool is throttled', can: (life) => life.hasRunner, run: (life) => life.throttle() },
  { name: 'a late refusal', can: (life) => life.hasRunner, run: (life) => life.decline() },
  { name: 'time', can: (life) => life.hasTimer, run: (life) => life.pass() },
];

const faults: readonly Step<DispatcherLife>[] = [
  { name: 'the registry breaks', can: (life) => life.hasChildren, run: (life) => life.breakRegistry(BROKEN) },
  { name: 'the monitor breaks', can: (life) => life.monitorWaits, run: (life) => life.breakMonitor() },
  { name: 'the recorder breaks', can: (life) => life.recorderWaits, run: (life) => life.breakRecorder(EVENT) },
  { name: 'events are not taken', can: (life) => life.recorderWaits, run: (life) => life.refuseEvents() },
  answer('events are taken again', 'recordEvents', (life) => life.takeEvents()),
  answer('the recorder breaks over its last events', 'recordEvents', (life) => life.breakRecorderLater(EVENT)),
];

export const modelledDispatcher: Modelled<DispatcherLife> = {
  machine: dispatcherMachine,
  begin: (inspect: (event: InspectionEvent) => void) => new DispatcherLife(inspect),
  steps: [...births, ...recoveries, ...people, ...reloads, ...world, ...faults],
};

/**
 * A dead recorder is spoken to until the end; so are pools whose dispatcher has let go of them, and a
 * dispatcher that ended with the last runner of a pool which was to be drained.
 */
export const EXPECTED_WARNINGS = /stopped actor "(?:recorder|pool:local|dispatcher)/;

