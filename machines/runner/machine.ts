import { runnerContext } from './context.ts';
import { settled } from './conclusions.ts';
import { live } from './live-state.ts';
import { settling } from './settling-state.ts';
import { runner } from './setup.ts';
import { adopting, launching, pending } from './starting-states.ts';

/**
 * One attempt at one task, from its reservation to its settlement. Time limits are kept by the pool
 * (one heap for all its runners), which says `deadline.reached`; there is no `after` in here.
 */
export const runnerMachine = runner.createMachine({
  id: 'runner',
  description: 'One attempt at one task: one process, container or Job.',
  context: ({ input }) => runnerContext(input),
  initial: 'arriving',
  output: ({ context }) => settled(context),
  on: {
    // Wherever it cannot be obeyed at once it is remembered, and the next step obeys.
    'runner.cancel': { actions: 'rememberStop' },
    'runner.interrupt': { actions: 'rememberStop' },
    'runner.force': { actions: 'rememberForce' },
  },
  states: {
    arriving: {
      description: 'Which way in: fresh, adopted, or condemned after its actor broke.',
      always: [
        { guard: 'isAdopted', target: 'adopting' },
        { guard: 'isCondemnedDecided', target: 'settling' },
        { guard: 'isCondemnedAlive', target: 'live.stopping' },
        { guard: 'isCondemnedClaimed', target: 'adopting' },
        { guard: 'isCondemned', target: 'settling', actions: 'concludeStop' },
        { target: 'pending' },
      ],
    },
    pending,
    launching,
    adopting,
    live,
    settling,
    forsaken: {
      description: 'Its dispatcher cannot speak for it any more and ends: it keeps what it holds, for the next one.',
    },
    done: { type: 'final', description: 'The work is done, or waits for a person.' },
    failed: { type: 'final', description: 'It failed, could not be launched, or was throttled.' },
    timedOut: { type: 'final', description: 'It ran longer than it may and was stopped.' },
    lost: { type: 'final', description: 'It is gone and nobody saw how.' },
    cancelled: { type: 'final', description: 'Stopped by a person or by shutdown, or never claimed.' },
  },
});
