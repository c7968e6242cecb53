import { known, runner } from './setup.ts';

/** The final state, by the outcome. */
const ENDS = [
  { guard: 'endedWell', target: '#runner.done' },
  { guard: 'endedInFailure', target: '#runner.failed' },
  { guard: 'endedInTimeout', target: '#runner.timedOut' },
  { guard: 'endedLost', target: '#runner.lost' },
  { target: '#runner.cancelled' },
] as const;

export const settling = runner.createStateConfig({
  description: 'Every way leads through here, once: outcome to the registry, slot back.',
  initial: 'weighing',
  states: {
    weighing: {
      description: 'What there is to give back: an outcome, a slot, or nothing.',
      always: [
        { guard: 'hasNothingToRecord', target: 'returning' },
        { target: 'recording' },
      ],
    },
    recording: {
      description: 'Writes the outcome under the attempt number it was claimed with.',
      invoke: {
        src: 'settle',
        input: ({ context }) => ({
          runnerId: context.runnerId,
          pool: context.terms.pool,
          claim: known(context.claim, 'claim'),
          outcome: known(context.outcome, 'outcome'),
        }),
      },
      on: {
        'settle.recorded': [
          { guard: 'wasThrottled', target: 'returning', actions: ['keepReport', 'tellThrottled'] },
          { guard: 'hasNoSlot', target: 'concluding', actions: 'keepReport' },
          { target: 'releasing', actions: 'keepReport' },
        ],
        'settle.failed': [
          { guard: 'isDeposed', target: '#runner.forsaken', actions: 'tellRegistryFailed' },
          { guard: 'isFenced', target: 'returning' },
          { guard: 'isBeyondRetry', target: 'waiting', actions: 'tellRegistryFailed' },
          { target: 'waiting' },
        ],
      },
    },
    waiting: {
      description: 'The registry did not take it: the outcome is kept and written again after a pause.',
      entry: ['countSettlement', 'askToRetrySettlement'],
      on: { 'deadline.reached': { guard: 'isRetryOfSettlement', target: 'recording' } },
    },
    returning: {
      description: 'Recorded; is there a slot to return?',
      always: [
        { guard: 'hasNoSlot', target: 'concluding' },
        { target: 'releasing' },
      ],
    },
    releasing: {
      description: 'Nothing of it is alive: the workspace goes back to the Repo Pool.',
      invoke: {
        src: 'releaseSlot',
        input: ({ context }) => ({ runnerId: context.runnerId, slot: known(context.slot, 'slot') }),
      },
      on: { 'slot.released': [...ENDS] },
    },
    concluding: {
      description: 'There was no slot to return: it ends by its outcome.',
      always: [...ENDS],
    },
  },
});
