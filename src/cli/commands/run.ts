import type { Configuration } from '../../config/configuration.ts';
import type { TaskSet, TaskState } from '../../domain/task.ts';
import type { SubmitReport } from '../../ports/task-registry.ts';
import { ask } from '../../runtime/ask.ts';
import { neverPlacedBy } from '../../server/never-placed.ts';
import { configurationOf } from '../configured.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED, print } from '../io.ts';
import { summarise } from '../output/summary.ts';
import { changedDoneOf, person, printSubmitted, refuseChangedDone, taskSetOf, type SubmittingOptions } from '../submission.ts';
import { openWorking, work, type Working } from '../working.ts';
import { joinDispatcher } from './join.ts';

const submitAndWork = async (
  working: Working,
  configuration: Configuration,
  set: TaskSet,
  options: SubmittingOptions,
): Promise<number> => {
  const { dispatcher, progress } = working;
  const { registry } = dispatcher;
  const begun = performance.now();
  const request = {
    set,
    changedDone: changedDoneOf(options),
    fresh: options.fresh ?? false,
    actor: person(),
    at: Date.now(),
  };
  const report = await ask<SubmitReport>((reply) => registry.submit(request, reply));
  if (!report.ok || !report.value.accepted) {
    await dispatcher.close();
    return report.ok ? refuseChangedDone(report.value) : complain(report.error.message);
  }
  printSubmitted(report.value);
  const { spec } = report.value;
  const counts = await ask<Readonly<Record<TaskState, number>>>((reply) => registry.counts(spec, reply));
  const done = counts.ok ? counts.value.done + counts.value.skipped + counts.value.cancelled : 0;
  progress.begin(set.tasks.length, done);
  return work(working, async () => {
    const verdict = await summarise(registry, neverPlacedBy(configuration), spec, performance.now() - begun);
    if (!verdict.ok) return complain(verdict.error.message, EXIT_UNFINISHED);
    print(`events: dispatcher events; logs: dispatcher logs ${spec}/ID; state: ${configuration.stateDir}`);
    return verdict.value.complete ? EXIT_OK : EXIT_UNFINISHED;
  });
};

/** `run FILE`: submits a task set, works until nothing is left to do, and says how it ended. */
export const run = async (file: string, options: SubmittingOptions): Promise<number> => {
  const configuration = configurationOf(options);
  if (!configuration.ok) return complain(configuration.error);
  const set = taskSetOf(file, options);
  if (!set.ok) return complain(set.error);
  const opened = await openWorking(configuration.value, true);
  if (opened.ok) return submitAndWork(opened.value, configuration.value, set.value, options);
  if (opened.error.kind !== 'unavailable') return complain(opened.error.message);
  return joinDispatcher(configuration.value, file, options, opened.error);
};
