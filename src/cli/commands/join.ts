import { setTimeout as pause } from 'node:timers/promises';
import { readRegistry } from '../../app.ts';
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
import type { PlanSync } from '../plan-sync.ts';
import { changedDoneOf, printSubmitted, refuseChangedDone, type SubmittingOptions } from '../submission.ts';

const LOOK_EVERY_MS = 250;

type Counts = Readonly<Record<TaskState, number>>;

/** Whether nothing runs, and whatever is ready can never start as things are configured. */
const isOver = async (registry: TaskRegistry, never: NeverPlaced, spec: SpecName): Promise<boolean> => {
  const ready = await everyTask(registry, { spec, states: ['ready'] });
  if (!ready.ok) return false;
  for (const task of ready.value) if ((await never.why(registry, task)) === null) return false;
  // Counted after they were listed: those stay ready, so as many now are the same, and no other is on its way.
  const counts = await ask<Counts>((reply) => registry.counts(spec, reply));
  return counts.ok && counts.value.running === 0 && counts.value.ready === ready.value.length;
};

/**
 * Looks on until nothing of the set runs or may still start: then `over`; `left` when the dispatcher
 * has gone before that; else what is wrong with the registry.
 */
const follow = async (
  registry: TaskRegistry,
  configuration: Configuration,
  spec: SpecName,
): Promise<'over' | 'left' | { readonly trouble: string }> => {
  const never = neverPlacedBy(configuration);
  let last = '';
  for (;;) {
    // Asked first: what it did until it went is seen by the look that follows.
    const isThere = (await ApiClient.connect(configuration.stateDir)) !== null;
    const counts = await ask<Counts>((reply) => registry.counts(spec, reply));
    if (!counts.ok) return { trouble: counts.error.message };
    const line = countsLine(counts.value);
    if (line !== last) print(`${spec}: ${line}`);
    last = line;
    if (counts.value.running === 0 && (await isOver(registry, never, spec))) return 'over';
    if (!isThere) return 'left';
    await pause(LOOK_EVERY_MS);
  }
};

/**
 * Gives the set to a live dispatcher; its name there, or the exit code with which it was refused. `null`
 * when the dispatcher went meanwhile and giving it again, perhaps a second time, does no harm.
 *
 * @param text of the set, in YAML or JSON
 */
export const handOver = async (
  client: ApiClient,
  text: string,
  options: SubmittingOptions,
): Promise<SpecName | number | null> => {
  print(`joining the dispatcher at ${client.url}`);
  const report = await client.submit(text, {
    fresh: options.fresh ?? false,
    changedDone: changedDoneOf(options),
    force: options.force ?? false,
  });
  if (!report.ok && report.error.kind === 'transient' && options.fresh !== true) return null;
  if (!report.ok) return complain(report.error.message);
  if (!report.value.accepted) return refuseChangedDone(report.value);
  printSubmitted(report.value);
  return specName(report.value.spec);
};

/**
 * Looks on while the dispatcher works on a set, and says how it ended. Interrupting this stops the
 * looking on, not the work. `null` when the dispatcher has gone and the set still waits.
 *
 * @param sync keeps the boxes of the plan in step meanwhile
 */
export const lookOn = async (
  configuration: Configuration,
  spec: SpecName,
  begun: number,
  sync: PlanSync | null,
): Promise<number | null> => {
  const opened = await readRegistry(configuration);
  if (!opened.ok) return complain(opened.error.message, EXIT_UNFINISHED);
  const registry = opened.value;
  try {
    const looking = new AbortController();
    const syncing = sync?.follow(registry, spec, looking.signal);
    const end = await follow(registry, configuration, spec);
    looking.abort();
    await syncing;
    if (end === 'over') await sync?.finish(registry, spec);
    if (end === 'left') return null;
    if (end !== 'over') return complain(end.trouble, EXIT_UNFINISHED);
    const verdict = await summarise(registry, neverPlacedBy(configuration), spec, performance.now() - begun);
    if (!verdict.ok) return complain(verdict.error.message, EXIT_UNFINISHED);
    return verdict.value.complete ? EXIT_OK : EXIT_UNFINISHED;
  } finally {
    await ask<null>((reply) => registry.close(reply));
  }
};
