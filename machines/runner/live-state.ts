import type { RunnerContext, RunnerPortInputs } from './context.ts';
import { inspection } from './inspection.ts';
import { known, runner } from './setup.ts';
import { runTimeLeftMs } from './time-limit.ts';

const stopping = runner.createStateConfig({
  description: 'The whole tree is being stopped: terminate, grace, kill, proven dead.',
  entry: ['dropTimeLimit', 'tellStopping'],
  initial: 'gracefully',
  on: {
    'process.exited': { actions: 'keepExit' },
  },
  states: {
    gracefully: {
      description: 'Terminated; it has the grace time to put its things in order.',
      invoke: {
        src: 'stop',
        input: ({ context }) => ({
          runnerId: context.runnerId,
          pool: context.terms.pool,
          handle: known(context.handle, 'handle'),
          claim: known(context.claim, 'claim'),
          graceMs: context.forced ? 0 : context.terms.stopGraceMs,
        }),
      },
      on: {
        'runner.force': { target: 'forcibly' },
        'stop.finished': [
          { guard: 'hasSurvivors', target: 'surviving', actions: ['keepExit', 'tellSurvivors'] },
          { target: '#runner.settling', actions: ['keepExit', 'concludeStop'] },
        ],
        'stop.failed': { target: 'surviving', actions: 'tellSurvivors' },
      },
    },
    forcibly: {
      description: 'Killed at once.',
      invoke: {
        src: 'stop',
        input: ({ context }) => ({
          runnerId: context.runnerId,
          pool: context.terms.pool,
          handle: known(context.handle, 'handle'),
          claim: known(context.claim, 'claim'),
          graceMs: 0,
        }),
      },
      on: {
        'stop.finished': [
          { guard: 'hasSurvivors', target: 'surviving', actions: ['keepExit', 'tellSurvivors'] },
          { target: '#runner.settling', actions: ['keepExit', 'concludeStop'] },
        ],
        'stop.failed': { target: 'surviving', actions: 'tellSurvivors' },
      },
    },
    surviving: {
      description: 'Something outlived the kill: slot and capacity stay held, an alarm is recorded, tried again.',
      entry: 'askToRetryStop',
      on: {
        'deadline.reached': { guard: 'isRetryOfStop', target: 'forcibly' },
        'runner.force': { target: 'forcibly' },
      },
    },
  },
});

/** What ends it, or leads to its being stopped, wherever it stands. */
const ENDS = {
  'process.exited': { target: '#runner.settling.recording', actions: 'concludeExit' },
  'process.vanished': { target: '#runner.settling.recording', actions: 'concludeLost' },
  'runner.cancel': { target: '#runner.live.stopping', actions: 'rememberStop' },
  'runner.interrupt': { target: '#runner.live.stopping', actions: 'rememberStop' },
} as const;

/** Its own fault, or its own word: not held against it while the engine is silent. */
const LIMITS = {
  'deadline.reached': { guard: 'isRunTimeLimit', target: '#runner.live.stopping', actions: 'rememberTimeout' },
  'work.stalling': { actions: 'tellStalling' },
  'work.stalled': { target: '#runner.live.stopping', actions: 'rememberStall' },
  'completion.overdue': { target: '#runner.live.stopping', actions: 'rememberOverdue' },
} as const;

const suspected = runner.createStateConfig({
  description: 'It has spoken before and is silent: the engine is asked, and only then something done.',
  initial: 'asking',
  on: {
    ...ENDS,
    ...LIMITS,
    'heartbeat.resumed': { target: '#runner.live.running', actions: 'askForTimeLimit' },
    'engine.fellSilent': { target: '#runner.live.unknown' },
  },
  states: {
    asking: {
      description: 'Is it there?',
      invoke: inspection({ adopting: false }),
      on: {
        'inspection.alive': { target: 'waiting' },
        'inspection.exited': { target: '#runner.settling.recording', actions: 'concludeExit' },
        'inspection.vanished': { target: '#runner.settling.recording', actions: 'concludeLost' },
        'inspection.neverStarted': { target: '#runner.settling.recording', actions: 'concludeTraceless' },
        'inspection.failed': { target: '#runner.live.unknown' },
      },
    },
    waiting: {
      description: 'It is alive: it has the rest of the heartbeat time-out to speak.',
      on: { 'heartbeat.lapsed': { target: '#runner.live.stopping', actions: 'rememberSilence' } },
    },
  },
});

const watching = ({ context }: { readonly context: RunnerContext }): RunnerPortInputs['watch'] => ({
  runnerId: context.runnerId,
  pool: context.terms.pool,
  handle: known(context.handle, 'handle'),
  claim: known(context.claim, 'claim'),
  slot: context.slot,
  limitWallAt: context.terms.wall() + runTimeLeftMs(context),
});

export const live = runner.createStateConfig({
  description: 'There is a process, container or Job, and it is watched until its end is known.',
  invoke: { src: 'watch', input: watching },
  initial: 'running',
  states: {
    running: {
      description: 'At work, within its run-time limit.',
      on: {
        ...ENDS,
        ...LIMITS,
        'engine.fellSilent': { target: 'unknown' },
        'heartbeat.missed': { target: 'suspected' },
        'heartbeat.lapsed': { target: 'suspected' },
      },
    },
    suspected,
    unknown: {
      description: 'The engine does not answer: held, neither failed nor retried.',
      on: {
        ...ENDS,
        'engine.answered': { target: 'running', actions: 'askForTimeLimit' },
        'heartbeat.resumed': { target: 'running', actions: 'askForTimeLimit' },
        // Asked again with every sweep.
        'heartbeat.lapsed': { target: 'suspected' },
      },
    },
    stopping,
  },
});
