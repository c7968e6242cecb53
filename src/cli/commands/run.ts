import { setTimeout as pause } from 'node:timers/promises';
import type { Configuration } from '../../config/configuration.ts';
import type { SpecName } from '../../domain/ids.ts';
import type { TaskSet, TaskState } from '../../domain/task.ts';
import type { SubmitReport } from '../../ports/task-registry.ts';
import { ask } from '../../runtime/ask.ts';
import { neverPlacedBy } from '../../server/never-placed.ts';
import { ApiClient } from '../client.ts';
import { configurationOf } from '../configured.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED, print } from '../io.ts';
import { summarise } from '../output/summary.ts';
import { person } from '../person.ts';
import { PlanSync } from '../plan-sync.ts';
import { changedDoneOf, planToSubmit, printSubmitted, refuseChangedDone, submissionText, type SubmittingOptions } from '../submission.ts';
import { openWorking, work, type Working } from '../working.ts';
import { handOver, lookOn } from './join.ts';

export interface RunOptions extends SubmittingOptions {
  /** Writes into the boxes of the plan how its tasks stand. */
  readonly sync?: boolean;
}

/** How long a registry may be held by one that cannot be joined: about to listen, about to end, a `submit`. */
const PATIENCE_MS = 15_000;
const LOOK_EVERY_MS = 100;

/** Works until nothing is left to do, and says how this set ended. */
const workOn = async (
  working: Working,
  configuration: Configuration,
  spec: SpecName,
  begun: number,
  sync: PlanSync | null,
): Promise<number> => {
  const { registry } = working.dispatcher;
  const counts = await ask<Readonly<Record<TaskState, number>>>((reply) => registry.counts(spec, reply));
  const total = counts.ok ? Object.values(counts.value).reduce((sum, count) => sum + count, 0) : 0;
  const done = counts.ok ? counts.value.done + counts.value.skipped + counts.value.cancelled : 0;
  working.progress.begin(total, done);
  const looking = new AbortController();
  const syncing = sync?.follow(registry, spec, looking.signal);
  const code = await work(working, async () => {
    looking.abort();
    await syncing;
    await sync?.finish(registry, spec);
    const verdict = await summarise(registry, neverPlacedBy(configuration), spec, performance.now() - begun);
    if (!verdict.ok) return complain(verdict.error.message, EXIT_UNFINISHED);
    print(`events: dispatcher events; logs: dispatcher logs ${spec}/ID; state: ${configuration.stateDir}`);
    return verdict.value.complete ? EXIT_OK : EXIT_UNFINISHED;
  });
  // It may have ended without being asked how.
  looking.abort();
  await syncing;
  return code;
};

/** The set's name, or the exit code with which it was refused. */
const submitHere = async (
  { dispatcher }: Working,
  set: TaskSet,
  options: SubmittingOptions,
): Promise<SpecName | number> => {
  const { registry } = dispatcher;
  const request = {
    set,
    changedDone: changedDoneOf(options),
    fresh: options.fresh ?? false,
    actor: person(),
    at: Date.now(),
  };
  const report = await ask<SubmitReport>((reply) => registry.submit(request, reply));
  if (!report.ok) return complain(report.error.message);
  if (!report.value.accepted) return refuseChangedDone(report.value);
  printSubmitted(report.value);
  return report.value.spec;
};

/**
 * `run FILE`: submits a task set, works until nothing is left to do, and says how it ended. Beside a
 * live dispatcher it joins that, and should that go before the set is done, works on it itself.
 */
export const run = async (file: string, options: RunOptions): Promise<number> => {
  const configuration = configurationOf(options);
  if (!configuration.ok) return complain(configuration.error);
  const plan = planToSubmit(file, options);
  if (!plan.ok) return complain(plan.error);
  if (options.sync === true && plan.value.boxes === null) {
    return complain(`${file}: --sync ticks the boxes of a Markdown plan (.md); this has none`);
  }
  const sync = options.sync === true ? new PlanSync(file, plan.value) : null;
  const begun = performance.now();
  let spec: SpecName | number | null = null;
  for (let until = begun + PATIENCE_MS; ; ) {
    const opened = await openWorking(configuration.value, { untilIdle: true });
    if (opened.ok) {
      spec ??= await submitHere(opened.value, plan.value.set, options);
      if (typeof spec === 'string') return workOn(opened.value, configuration.value, spec, begun, sync);
      await opened.value.dispatcher.close();
      return spec;
    }
    if (opened.error.kind !== 'unavailable') return complain(opened.error.message);
    const client = await ApiClient.connect(configuration.value.stateDir);
    if (client !== null) spec ??= await handOver(client, submissionText(file, plan.value), options);
    if (typeof spec === 'number') return spec;
    if (client !== null && spec !== null) {
      const code = await lookOn(configuration.value, spec, begun, sync);
      if (code !== null) return code;
      print('the dispatcher has gone; going on without it');
      until = performance.now() + PATIENCE_MS;
    } else if (performance.now() > until) return complain(opened.error.message);
    await pause(LOOK_EVERY_MS);
  }
};
