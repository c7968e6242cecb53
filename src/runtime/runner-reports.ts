import type { ObservedExit } from '../domain/outcome.ts';
import type { ExitReport } from '../ports/launcher.ts';
import type { RunnerId } from '../domain/ids.ts';
import { parseRunnerResult } from '../protocol/runner-result.ts';
import type { Completion, HeardRunner } from './heartbeats.ts';
import type { RunnerWorld } from './runner-world.ts';

/** What was reported over the protocol outranks the file, and the file the exit. */
const withCompletion = (exit: ObservedExit, { result, at }: Completion): ObservedExit => ({
  ...exit,
  result,
  // Decided when it was said: what was done to the runner afterwards does not change it.
  at: Math.min(exit.at, at),
});

/** A runner's result is read here, at the border, and is a plain value from now on. */
export const observed = (world: RunnerWorld, id: RunnerId, { result, ...exit }: ExitReport): ObservedExit => {
  const completion = world.heartbeats.find(id)?.completion ?? null;
  if (completion !== null) return withCompletion({ ...exit, result: null }, completion);
  if (result === null) return { ...exit, result };
  const parsed = parseRunnerResult(result);
  return { ...exit, result: parsed.ok ? parsed.value : { unreadable: parsed.error } };
};

/** Nobody saw how it ended, but it had said how its work did; `null` where it had not. */
export const reportedExit = (world: RunnerWorld, id: RunnerId): ObservedExit | null => {
  const completion = world.heartbeats.find(id)?.completion ?? null;
  return completion === null ? null : { exitCode: null, signal: null, at: completion.at, result: completion.result };
};

/** Brings back what a runner said to an earlier dispatcher, then goes on. */
export const recall = ({ ports, heartbeats }: RunnerWorld, runner: HeardRunner, then: () => void): void => {
  const { runnerId, key, pool } = runner.identity;
  ports.reports.recall(runnerId, (recalled) => {
    if (!recalled.ok) {
      const message = `what it reported before cannot be read: ${recalled.error.message}`;
      ports.telemetry.tell({ type: 'trouble', message, task: key, pool });
      return then();
    }
    const { spoken, completion } = recalled.value;
    if (spoken) runner.spoke = true;
    const result = completion === null ? null : parseRunnerResult(completion.text);
    if (completion !== null && result?.ok === true && runner.completion === null) {
      heartbeats.complete(runner, { ...completion, result: result.value });
    }
    then();
  });
};

/** Its outcome is stored: nothing that it said is needed any more. */
export const forgetReports = ({ ports, heartbeats }: RunnerWorld, id: RunnerId): void => {
  const runner = heartbeats.drop(id);
  // One that never said anything left nothing, and a file is not looked for in vain.
  if (runner === undefined || runner.spoke || runner.completion !== null) ports.reports.forget(id);
};
