import { agentPoolMachine } from '../../machines/agent-pool/machine.ts';
import type { PoolMessage } from '../../machines/messages.ts';
import { event } from '../../src/domain/events.ts';
import { portError } from '../../src/domain/failures.ts';
import { PoolWorld } from './agent-pool-world.ts';
import type { Modelled, Step } from './modelled.ts';
import { RUNNER_ANSWERS, type RunnerAnswer } from './runner-answers.ts';

/** Runners at a time; more show nothing new. */
const MOST_RUNNERS = 2;

const order = (name: string, message: PoolMessage, run: (world: PoolWorld) => void): Step<PoolWorld> => ({
  name,
  can: (world) => world.can(message),
  run,
});
const answer = (name: string, port: string, run: (world: PoolWorld) => void): Step<PoolWorld> => ({
  name,
  can: (world) => world.call(port) !== undefined,
  run,
});
const BY = { actor: 'user:ann' };
const EVENT: PoolMessage = { type: 'event.record', event: event('RunnerSurvived', 0, 'dispatcher') };
const ALARM: PoolMessage = { type: 'registry.failed', error: portError('permanent', 'disk') };
const INTERRUPT: PoolMessage = { type: 'pool.interrupt', reason: 'shutdown', wallAt: 0 };

const orders: readonly Step<PoolWorld>[] = [
  order('enable', { type: 'pool.enable', ...BY }, (world) => world.enable()),
  order('disable', { type: 'pool.disable', ...BY, reason: '' }, (world) => world.disable()),
  order('drain', { type: 'pool.drain', ...BY }, (world) => world.drain()),
  order('resize', { type: 'pool.resize', ...BY, maxConcurrency: 1 }, (world) => world.resize()),
  order('interrupt', INTERRUPT, (world) => world.send(INTERRUPT)),
  order('force', { type: 'pool.force' }, (world) => world.send({ type: 'pool.force' })),
  order('an event', EVENT, (world) => world.pass(EVENT)),
  order('an alarm', ALARM, (world) => world.pass(ALARM)),
  { name: 'cancel', can: ({ runners }) => runners > 0, run: (world) => world.cancel(true) },
  { name: 'told to be slower', can: ({ runners }) => runners === 0, run: (world) => world.throttled() },
  { name: 'configured anew', can: ({ runners }) => runners === 0, run: (world) => world.reconfigure() },
  { name: 'cancel nobody', can: () => true, run: (world) => world.cancel(false) },
];

const lives: readonly Step<PoolWorld>[] = [
  { name: 'a runner', can: ({ runners }) => runners < MOST_RUNNERS, run: (world) => world.assign() },
  { name: 'the same runner', can: ({ runners }) => runners > 0, run: (world) => world.assignAgain() },
  { name: 'one left behind', can: ({ runners }) => runners < MOST_RUNNERS, run: (world) => world.adopt() },
  answer('launched, and its actor breaks', 'launch', (world) => world.launchBroken()),
  ...(Object.keys(RUNNER_ANSWERS) as RunnerAnswer[]).map((name) => answer(name, RUNNER_ANSWERS[name].port, (world) => world.reply(name))),
  answer('the engine is well', 'probe', (world) => world.probed(true)),
  answer('the engine is not well', 'probe', (world) => world.probed(false)),
  { name: 'time', can: ({ hasTimer }) => hasTimer, run: (world) => world.pastTime() },
];

const watched: Step<PoolWorld> = {
  name: 'configured with health checks',
  can: ({ isUntouched }) => isUntouched,
  run: (world) => world.configureWatched(),
};
const beginning: Step<PoolWorld> = {
  name: 'configured as disabled',
  can: ({ isUntouched }) => isUntouched,
  run: (world) => world.configureDisabled(),
};
const later = [...orders, ...lives].map(({ run, ...step }) => ({
  ...step,
  run: (world: PoolWorld): void => {
    world.touch();
    run(world);
  },
}));

export const modelledPool: Modelled<PoolWorld> = {
  machine: agentPoolMachine,
  begin: (inspect) => new PoolWorld(inspect),
  steps: [beginning, watched, ...later],
};
