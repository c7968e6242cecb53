import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { readRegistry, type OpenFailure } from '../../app.ts';
import type { Configuration } from '../../config/configuration.ts';
import { specName, type SpecName } from '../../domain/ids.ts';
import type { TaskState } from '../../domain/task.ts';
import type { TaskRegistry } from '../../ports/task-registry.ts';
import { ask } from '../../runtime/ask.ts';
import { neverPlacedBy, type NeverPlaced } from '../../server/never-placed.ts';
import { ApiClient } from '../client.ts';
import { everyTask } from '../every-task.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED, print } from '../io.ts';
import { countsLine } from '../output/state-colour.ts';
import { summarise } from '../output/summary.ts';
import { changedDoneOf, printSubmitted, refuseChangedDone, type SubmittingOptions } from '../submission.ts';

const LOOK_EVERY_MS = 250;

/** Whether what is ready can never start as things are configured. */
const isStuck = async (registry: TaskRegistry, never: NeverPlaced, spec: SpecName): Promise<boolean> => {
  const ready = await everyTask(registry, { spec, states: ['ready'] });
  if (!ready.ok) return false;
  for (const task of ready.value) if ((await never.why(registry, task)) === null) return false;
  return true;
};

/** Looks on until nothing of the set runs or may still start; then `null`, or what is wrong with the registry. */
const follow = async (registry: TaskRegistry, never: NeverPlaced, spec: SpecName): Promise<string | null> => {
  let last = '';
  for (;;) {
    const counts = await ask<Readonly<Record<TaskState, number>>>((reply) => registry.counts(spec, reply));
    if (!counts.ok) return counts.error.message;
    const line = countsLine(counts.value);
    if (line !== last) print(`${spec}: ${line}`);
    last = line;
    if (counts.value.running === 0 && (await isStuck(registry, never, spec))) return null;
    await pause(LOOK_EVERY_MS);
  }
};

/**
 * `run` beside a live dispatcher: gives it the set through its API, looks on, and says how it ended.
 * Interrupting this stops the looking on, not the work.
 */
export const joinDispatcher = async (
  configuration: Configuration,
  file: string,
  options: SubmittingOptions,
  held: OpenFailure,
): Promise<number> => {
  const client = await ApiClient.connect(configuration.stateDir);
  if (client === null) return complain(held.message);
  const begun = performance.now();
  print(`joining the dispatcher at ${client.url}`);
  const report = await client.submit(readFileSync(file, 'utf8'), {
    fresh: options.fresh ?? false,
    changedDone: changedDoneOf(options),
    force: options.force ?? false,
  });
  if (!report.ok) return complain(report.error.message);
  if (!report.value.accepted) return refuseChangedDone(report.value);
  printSubmitted(report.value);
  const spec = specName(report.value.spec);
  const opened = await readRegistry(configuration);
  if (!opened.ok) return complain(opened.error.message, EXIT_UNFINISHED);
  const registry = opened.value;
  try {
    const never = neverPlacedBy(configuration);
    const trouble = await follow(registry, never, spec);
    if (trouble !== null) return complain(trouble, EXIT_UNFINISHED);
    const verdict = await summarise(registry, never, spec, performance.now() - begun);
    if (!verdict.ok) return complain(verdict.error.message, EXIT_UNFINISHED);
    return verdict.value.complete ? EXIT_OK : EXIT_UNFINISHED;
  } finally {
    await ask<null>((reply) => registry.close(reply));
  }
};
