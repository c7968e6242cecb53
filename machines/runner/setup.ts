import { assign, sendParent, setup } from 'xstate';
import type { RunnerMessage, RunnerSettled } from '../messages.ts';
import { portActor } from '../port-actor.ts';
import { changes, reports } from './actions.ts';
import type { RunnerContext, RunnerInput, RunnerPortInputs } from './context.ts';
import { guards } from './guards.ts';

/** Types, ports, guards and actions of the runner; the states stand beside this file. */
export const runner = setup({
  types: {} as { context: RunnerContext; input: RunnerInput; events: RunnerMessage; output: RunnerSettled },
  actors: {
    obtainSlot: portActor<RunnerPortInputs['obtainSlot']>('obtainSlot'),
    claimTask: portActor<RunnerPortInputs['claimTask']>('claimTask'),
    launch: portActor<RunnerPortInputs['launch']>('launch'),
    watch: portActor<RunnerPortInputs['watch']>('watch'),
    stop: portActor<RunnerPortInputs['stop']>('stop'),
    inspect: portActor<RunnerPortInputs['inspect']>('inspect'),
    settle: portActor<RunnerPortInputs['settle']>('settle'),
    releaseSlot: portActor<RunnerPortInputs['releaseSlot']>('releaseSlot'),
  },
  guards,
  actions: {
    keepSlot: assign(changes.keepSlot),
    keepClaim: assign(changes.keepClaim),
    keepHandle: assign(changes.keepHandle),
    keepFoundHandle: assign(changes.keepFoundHandle),
    keepExit: assign(changes.keepExit),
    keepReport: assign(changes.keepReport),
    countLaunch: assign(changes.countLaunch),
    countSettlement: assign(changes.countSettlement),
    rememberStop: assign(changes.rememberStop),
    rememberForce: assign({ forced: true }),
    rememberTimeout: assign(changes.rememberTimeout),
    rememberSilence: assign(changes.rememberSilence),
    rememberStall: assign(changes.rememberStall),
    rememberOverdue: assign(changes.rememberOverdue),
    rememberRefusal: assign(changes.rememberRefusal),
    rememberAbandonment: assign(changes.rememberAbandonment),
    takeBackOutcome: assign({ outcome: null, endedAtWall: null }),
    concludeExit: assign(changes.concludeExit),
    concludeLost: assign(changes.concludeLost),
    concludeStop: assign(changes.concludeStop),
    concludeTraceless: assign(changes.concludeTraceless),
    concludeSlotGone: assign(changes.concludeSlotGone),
    concludeLaunchFailed: assign(changes.concludeLaunchFailed),
    tellLaunched: sendParent(reports.tellLaunched),
    tellLaunchFailed: sendParent(reports.tellLaunchFailed),
    recordLaunchFailure: sendParent(reports.recordLaunchFailure),
    recordSlotFailure: sendParent(reports.recordSlotFailure),
    tellThrottled: sendParent(reports.tellThrottled),
    tellSurvivors: sendParent(reports.tellSurvivors),
    tellStopping: sendParent(reports.tellStopping),
    tellStalling: sendParent(reports.tellStalling),
    tellRegistryFailed: sendParent(reports.tellRegistryFailed),
    askForTimeLimit: sendParent(reports.askForTimeLimit),
    dropTimeLimit: sendParent(reports.dropTimeLimit),
    askToRetryLaunch: sendParent(reports.askToRetryLaunch),
    askToRetryInspection: sendParent(reports.askToRetryInspection),
    askToRetryStop: sendParent(reports.askToRetryStop),
    askToRetrySettlement: sendParent(reports.askToRetrySettlement),
  },
});

/** For inputs of port actors: what a state cannot be reached without. A breach is a bug, and throws. */
export const known = <T>(value: T | null, what: string): T => {
  if (value === null) throw new Error(`runner: no ${what} in a state that needs one`);
  return value;
};
