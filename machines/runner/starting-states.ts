import { inspection } from './inspection.ts';
import { known, runner } from './setup.ts';

export const pending = runner.createStateConfig({
  description: 'Has a place in the ledger, and gets what it needs: a slot, then the claim in the registry.',
  initial: 'obtainingSlot',
  states: {
    obtainingSlot: {
      description: 'Asks the Repo Pool for a workspace.',
      invoke: { src: 'obtainSlot', input: ({ context }) => ({ runnerId: context.runnerId, pool: context.terms.pool, task: context.task.key, attempt: context.task.fence + 1 }) },
      on: {
        'slot.obtained': [
          { guard: 'mustStop', target: '#runner.settling', actions: ['keepSlot', 'rememberAbandonment'] },
          { target: 'claiming', actions: 'keepSlot' },
        ],
        'slot.refused': [
          { guard: 'isNoneFree', target: '#runner.settling', actions: 'rememberRefusal' },
          { target: '#runner.settling', actions: ['rememberRefusal', 'recordSlotFailure'] },
        ],
      },
    },
    claiming: {
      description: 'Intent before act: attempt row, task state and event in one transaction.',
      invoke: {
        src: 'claimTask',
        input: ({ context }) => ({
          runnerId: context.runnerId,
          task: context.task,
          pool: context.terms.pool,
          slot: known(context.slot, 'slot'),
        }),
      },
      on: {
        'claim.granted': [
          { guard: 'mustStop', target: '#runner.settling', actions: ['keepClaim', 'concludeStop'] },
          { target: '#runner.launching', actions: 'keepClaim' },
        ],
        'claim.refused': [
          { guard: 'isClaimInDoubt', target: '#runner.forsaken', actions: 'tellRegistryFailed' },
          { target: '#runner.settling', actions: 'rememberRefusal' },
        ],
      },
    },
  },
});

export const launching = runner.createStateConfig({
  description: 'Starts the process, container or Job; three transient failures end the attempt.',
  initial: 'trying',
  states: {
    trying: {
      description: 'The launcher is at it. A second start of the same runner id is refused by the engine.',
      invoke: {
        src: 'launch',
        input: ({ context }) => ({
          runnerId: context.runnerId,
          pool: context.terms.pool,
          claim: known(context.claim, 'claim'),
          slot: known(context.slot, 'slot'),
        }),
      },
      on: {
        'launch.succeeded': [
          { guard: 'mustStop', target: '#runner.live.stopping', actions: ['keepHandle', 'tellLaunched'] },
          { target: '#runner.live.running', actions: ['keepHandle', 'tellLaunched'] },
        ],
        'launch.failed': [
          { guard: 'mustStop', target: 'verifying', actions: ['tellLaunchFailed', 'recordLaunchFailure', 'concludeStop'] },
          { guard: 'mayTryLaunchAgain', target: 'waiting', actions: ['recordLaunchFailure', 'countLaunch', 'tellLaunchFailed'] },
          { guard: 'isUncertainFailure', target: 'verifying', actions: ['tellLaunchFailed', 'recordLaunchFailure', 'concludeLaunchFailed'] },
          { target: '#runner.settling', actions: ['tellLaunchFailed', 'recordLaunchFailure', 'concludeLaunchFailed'] },
        ],
      },
    },
    waiting: {
      description: 'A transient failure: once more after a pause, under the same attempt.',
      entry: 'askToRetryLaunch',
      on: {
        'deadline.reached': { guard: 'isRetryOfLaunch', target: 'trying' },
        'runner.cancel': { target: 'verifying', actions: ['rememberStop', 'concludeStop'] },
        'runner.interrupt': { target: 'verifying', actions: ['rememberStop', 'concludeStop'] },
      },
    },
    verifying: {
      description: 'Given up, but an answer may have been lost: nothing is settled while something might run.',
      invoke: inspection({ adopting: true }),
      on: {
        'inspection.alive': [
          { guard: 'mustStop', target: '#runner.live.stopping', actions: ['takeBackOutcome', 'keepFoundHandle', 'tellLaunched'] },
          { target: '#runner.live.running', actions: ['takeBackOutcome', 'keepFoundHandle', 'tellLaunched'] },
        ],
        'inspection.exited': { target: '#runner.settling', actions: 'concludeExit' },
        'inspection.vanished': { target: '#runner.settling', actions: 'concludeLost' },
        'inspection.neverStarted': { target: '#runner.settling' },
        'inspection.failed': { target: 'doubting' },
      },
    },
    doubting: {
      description: 'The engine gave no answer: held, asked again.',
      entry: 'askToRetryInspection',
      on: { 'deadline.reached': { guard: 'isRetryOfInspection', target: 'verifying' } },
    },
  },
});

export const adopting = runner.createStateConfig({
  description: 'Looks for what an earlier dispatcher left: alive, ended, vanished or never started.',
  initial: 'inspecting',
  states: {
    inspecting: {
      description: 'Asks the engine, which answers only when the answer can no longer change.',
      invoke: inspection({ adopting: true }),
      on: {
        'inspection.alive': [
          { guard: 'mustStop', target: '#runner.live.stopping', actions: ['keepFoundHandle', 'tellLaunched'] },
          { target: '#runner.live.running', actions: ['keepFoundHandle', 'tellLaunched'] },
        ],
        'inspection.exited': { target: '#runner.settling', actions: 'concludeExit' },
        'inspection.vanished': { target: '#runner.settling', actions: 'concludeLost' },
        'inspection.neverStarted': [
          { guard: 'mustStop', target: '#runner.settling', actions: 'concludeStop' },
          { guard: 'hasNoSlot', target: '#runner.settling', actions: 'concludeSlotGone' },
          { target: '#runner.launching' },
        ],
        'inspection.failed': { target: 'waiting' },
      },
    },
    waiting: {
      description: 'The engine gave no answer: held, nothing decided, asked again.',
      entry: 'askToRetryInspection',
      on: { 'deadline.reached': { guard: 'isRetryOfInspection', target: 'inspecting' } },
    },
  },
});
