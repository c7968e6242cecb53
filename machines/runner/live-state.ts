import { known, runner } from './setup.ts';

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
          pool: context.terms.pool,
          handle: known(context.handle, 'handle'),
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
        input: ({ context }) => ({ pool: context.terms.pool, handle: known(context.handle, 'handle'), graceMs: 0 }),
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

export const live = runner.createStateConfig({
  description: 'There is a process, container or Job, and it is watched until its end is known.',
  invoke: {
    src: 'watch',
    input: ({ context }) => ({ pool: context.terms.pool, handle: known(context.handle, 'handle') }),
  },
  initial: 'running',
  states: {
    running: {
      description: 'At work, within its run-time limit.',
      on: {
        'process.exited': { target: '#runner.settling.recording', actions: 'concludeExit' },
        'process.vanished': { target: '#runner.settling.recording', actions: 'concludeLost' },
        'engine.fellSilent': { target: 'unknown' },
        'deadline.reached': { guard: 'isRunTimeLimit', target: 'stopping', actions: 'rememberTimeout' },
        'runner.cancel': { target: 'stopping', actions: 'rememberStop' },
        'runner.interrupt': { target: 'stopping', actions: 'rememberStop' },
      },
    },
    unknown: {
      description: 'The engine does not answer: held, neither failed nor retried.',
      on: {
        'engine.answered': { target: 'running', actions: 'askForTimeLimit' },
        'process.exited': { target: '#runner.settling.recording', actions: 'concludeExit' },
        'process.vanished': { target: '#runner.settling.recording', actions: 'concludeLost' },
        'runner.cancel': { target: 'stopping', actions: 'rememberStop' },
        'runner.interrupt': { target: 'stopping', actions: 'rememberStop' },
      },
    },
    stopping,
  },
});
