import type { AnyEventObject } from 'xstate';
import { portError } from '../../src/domain/failures.ts';
import { runnerId } from '../../src/domain/ids.ts';
import type { VirtualClock } from '../../src/simulation/virtual-clock.ts';
import type { PortCall } from './port-desk.ts';
import { exitOf, handleOf } from './samples.ts';

interface Answer {
  readonly port: string;
  readonly messageOf: (call: PortCall, clock: VirtualClock) => AnyEventObject;
}

const found = ({ input }: PortCall, clock: VirtualClock) => {
  const { runnerId: id } = input as { readonly runnerId: string };
  return { handle: handleOf(runnerId(id)), at: clock.monotonic(), wallAt: clock.wall() };
};

const plain = (port: string, message: AnyEventObject): Answer => ({ port, messageOf: () => message });

/** What the world may say to a runner about its process, by a name for people. */
export const RUNNER_ANSWERS = {
  launched: { port: 'launch', messageOf: (call, clock) => ({ type: 'launch.succeeded', ...found(call, clock) }) },
  'not launched': plain('launch', { type: 'launch.failed', error: portError('transient', 'no room') }),
  'cannot be launched': plain('launch', { type: 'launch.failed', error: portError('permanent', 'not executable') }),
  exits: { port: 'watch', messageOf: (_, clock) => ({ type: 'process.exited', exit: exitOf(0, { at: clock.wall() }) }) },
  'found alive': { port: 'inspect', messageOf: (call, clock) => ({ type: 'inspection.alive', ...found(call, clock) }) },
  'never started': plain('inspect', { type: 'inspection.neverStarted' }),
  vanished: plain('inspect', { type: 'inspection.vanished', reason: 'gone' }),
  stopped: plain('stop', { type: 'stop.finished', exit: null, survivors: [] }),
  'outlives the stop': plain('stop', { type: 'stop.finished', exit: null, survivors: ['4712'] }),
} as const satisfies Readonly<Record<string, Answer>>;
export type RunnerAnswer = keyof typeof RUNNER_ANSWERS;
