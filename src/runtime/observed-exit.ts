import { classOf, looksAtOutput, OUTPUT_LOOKED_AT } from '../domain/exit-classes.ts';
import type { PoolName, RunnerId } from '../domain/ids.ts';
import type { ObservedExit } from '../domain/outcome.ts';
import type { RetrySettings } from '../domain/task.ts';
import type { ExitReport } from '../ports/launcher.ts';
import type { Claim } from '../ports/task-registry.ts';
import { observed } from './runner-reports.ts';
import { launcherOf, type RunnerWorld } from './runner-world.ts';

/** How this attempt is tried again: what the task says, else its pool, else the dispatcher. */
export const retryOf = (world: RunnerWorld, pool: PoolName, { definition }: Claim): RetrySettings => ({
  ...world.settings().retry,
  ...world.poolOf(pool)?.retry,
  ...definition.retry,
});

/**
 * An end as the statechart sees it: what the runner said of it, and what the rules make of its code and its
 * output where it said nothing, are read here, at the border, and are plain values from now on.
 */
export const observe = (
  world: RunnerWorld,
  { runnerId, pool, claim }: { readonly runnerId: RunnerId; readonly pool: PoolName; readonly claim: Claim },
  runDir: string,
  report: ExitReport,
  tell: (exit: ObservedExit) => void,
): void => {
  const rules = retryOf(world, pool, claim);
  const launcher = launcherOf(world, pool);
  const said = observed(world, runnerId, report);
  const judged = (output: string | null): void => tell({ ...said, verdict: classOf(rules, report, output) });
  const endedWell = report.exitCode === 0 && report.signal === null;
  if (endedWell || said.result !== null || launcher === undefined || !looksAtOutput(rules)) return judged(null);
  launcher.logs(runDir, -OUTPUT_LOOKED_AT, (read) => judged(read.ok ? new TextDecoder().decode(read.value.chunk) : null));
};
