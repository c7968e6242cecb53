import type { PortError } from '../../src/domain/failures.ts';
import type { RunnerSettled } from '../messages.ts';
import type { RunnerContext } from './context.ts';

/** Transient launch failures under one attempt before the attempt fails (R5). */
export const LAUNCH_TRIES = 3;

/** Pause before the n-th repetition of a port call, ms: 1 s, 2 s, 4 s … 30 s. */
export const retryDelayMs = (tries: number): number => Math.min(1000 * 2 ** Math.max(0, tries - 1), 30_000);

const SLOT_RETRY_MS = 1000;

/** When a task whose slot was refused is tried again. */
export const afterSlotRefusal = (error: PortError): { reason: string; requeueAfterMs: number } => ({
  reason: `no slot: ${error.message}`,
  requeueAfterMs: error.kind === 'permanent' ? 30_000 : SLOT_RETRY_MS,
});

/**
 * When a task whose claim was refused is tried again: never by us if the registry says that it is
 * not ours to take; the change feed tells if it comes back.
 */
export const afterClaimRefusal = (error: PortError): { reason: string; requeueAfterMs: number | null } => ({
  reason: `not claimed: ${error.message}`,
  requeueAfterMs: error.kind === 'transient' ? SLOT_RETRY_MS : null,
});

/** What the pool and the Dispatcher learn from a runner that has come to its end. */
export const settled = (context: RunnerContext): RunnerSettled => ({
  runnerId: context.runnerId,
  task: context.task,
  attempt: context.claim?.attempt ?? null,
  report: context.report,
  outcome: context.report === null ? null : (context.outcome?.kind ?? null),
  requeueAfterMs: context.refusal?.requeueAfterMs ?? null,
  reason: context.report?.reason ?? context.refusal?.reason ?? null,
  durationMs:
    context.startedAtWall === null || context.endedAtWall === null
      ? null
      : Math.max(0, context.endedAtWall - context.startedAtWall),
});
