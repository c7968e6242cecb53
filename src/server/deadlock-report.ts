import type { Deadlock, StuckReport } from '../domain/deadlock.ts';
import type { PortError } from '../domain/failures.ts';
import { ok, type Result } from '../domain/result.ts';
import type { TaskRegistry } from '../ports/task-registry.ts';
import { ask } from '../runtime/ask.ts';
import type { Scheduler } from '../scheduling/scheduler.ts';
import { deadlocksOf } from '../scheduling/stuck.ts';

/** A finding as `deadlocks --json` and `GET /api/v1/deadlocks` show it. */
const deadlockJson = ({ kind, path, heldUp, text, mends }: Deadlock) => ({
  kind,
  cause: path[0] ?? null,
  path,
  held_up: heldUp.count,
  /** False: at least so many. */
  held_up_is_exact: heldUp.isExact,
  tasks: heldUp.first,
  text,
  resolve: mends,
});

export interface DeadlockReport {
  readonly deadlocks: readonly ReturnType<typeof deadlockJson>[];
  /** Blocked tasks that cannot go on, each counted once. */
  readonly stuck: number;
}

/**
 * What keeps tasks from ever starting, as it is now.
 *
 * @param scheduler of the live dispatcher or, while none runs, one that knows the configuration
 * @param names wanted of held-up tasks for each finding
 */
export const deadlockReport = async (
  registry: TaskRegistry,
  scheduler: Scheduler,
  names: number,
): Promise<Result<DeadlockReport, PortError>> => {
  const report = await ask<StuckReport>((reply) => registry.stuck({ names }, reply));
  if (!report.ok) return report;
  return ok({ deadlocks: deadlocksOf(report.value, scheduler).map(deadlockJson), stuck: report.value.stuck });
};
