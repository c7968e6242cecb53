import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { readRegistry, type OpenFailure } from '../../app.ts';
import type { Configuration } from '../../config/configuration.ts';
import { specName, type SpecName } from '../../domain/ids.ts';
import type { TaskState } from '../../domain/task.ts';
import type { TaskRegistry } from '../../ports/task-registry.ts';
import { ask } from '../../runtime/ask.ts';
import { ApiClient } from '../client.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED, print } from '../io.ts';
import { countsLine } from '../output/state-colour.ts';
import { summarise } from '../output/summary.ts';
import { changedDoneOf, printSubmitted, refuseChangedDone, type SubmittingOptions } from '../submission.ts';

const LOOK_EVERY_MS = 250;

/** Looks on until nothing of the set runs or may still start; `null` when the registry fails. */
const follow = async (registry: TaskRegistry, spec: SpecName): Promise<string | null> => {
  let last = '';
  for (;;) {
    const counts = await ask<Readonly<Record<TaskState, number>>>((reply) => registry.counts(spec, reply));
    if (!counts.ok) return counts.error.message;
    const line = countsLine(counts.value);
    if (line !== last) print(`${spec}: ${line}`);
    last = line;
    if (counts.value.ready + counts.value.running === 0) return null;
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
    const trouble = await follow(registry, spec);
    if (trouble !== null) return complain(trouble, EXIT_UNFINISHED);
    const verdict = await summarise(registry, spec, performance.now() - begun);
    if (!verdict.ok) return complain(verdict.error.message, EXIT_UNFINISHED);
    return verdict.value.complete ? EXIT_OK : EXIT_UNFINISHED;
  } finally {
    await ask<null>((reply) => registry.close(reply));
  }
};
