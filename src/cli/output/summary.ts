import type { PortError } from '../../domain/failures.ts';
import type { SpecName } from '../../domain/ids.ts';
import { formatDuration } from '../../domain/quantities.ts';
import { ok, type Result } from '../../domain/result.ts';
import type { TaskState, TaskView } from '../../domain/task.ts';
import type { TaskDetail, TaskRegistry } from '../../ports/task-registry.ts';
import { ask } from '../../runtime/ask.ts';
import type { NeverPlaced } from '../../server/never-placed.ts';
import { everyTask } from '../every-task.ts';
import { colours, print } from '../io.ts';
import { countsLine, stateColour } from './state-colour.ts';
import { table } from './table.ts';

/** Sets up to this size are shown task by task. */
const SHOWN_WHOLE = 40;
const TROUBLES_SHOWN = 10;

const TROUBLES: readonly TaskState[] = ['failed', 'blocked', 'parked', 'ready', 'running'];

const attemptLines = (detail: TaskDetail): readonly string[] =>
  detail.attempts.map(({ attempt, reason, end, runDir }) => {
    const how = reason ?? end ?? 'not ended';
    return `    attempt ${attempt}: ${how}; log ${runDir}/output.log`;
  });

const troubleLines = async (registry: TaskRegistry, task: TaskView): Promise<readonly string[]> => {
  const head = `${stateColour(task.state, task.state.padEnd(9))} ${task.key}: ${task.reason ?? task.state}`;
  if (task.attempts === 0) return [head];
  const detail = await ask<TaskDetail>((reply) => registry.task(task.key, reply));
  return detail.ok ? [head, ...attemptLines(detail.value)] : [head];
};

const wholeTable = async (registry: TaskRegistry, tasks: readonly TaskView[]): Promise<string> => {
  const rows: string[][] = [];
  for (const task of tasks) {
    const detail = await ask<TaskDetail>((reply) => registry.task(task.key, reply));
    const last = detail.ok ? detail.value.attempts.at(-1) : undefined;
    const time =
      last?.startedAt == null || last.endedAt === null ? '' : formatDuration(Math.max(0, last.endedAt - last.startedAt));
    rows.push([stateColour(task.state), task.key, task.title, String(task.attempts), time]);
  }
  return table(['STATE', 'TASK', 'TITLE', 'ATTEMPTS', 'TIME'], rows);
};

export interface Verdict {
  /** Nothing failed, nothing is stuck, nothing waits. */
  readonly complete: boolean;
}

/**
 * Says how a set (or, with `null`, everything) stands at the end of a run: a table if it is small,
 * then each task that is not finished well, with its attempts and logs.
 */
export const summarise = async (
  registry: TaskRegistry,
  never: NeverPlaced,
  spec: SpecName | null,
  elapsedMs: number,
  say: (line: string) => void = print,
): Promise<Result<Verdict, PortError>> => {
  const counts = await ask<Readonly<Record<TaskState, number>>>((reply) => registry.counts(spec, reply));
  if (!counts.ok) return counts;
  const total = Object.values(counts.value).reduce((sum, count) => sum + count, 0);
  const whole = total <= SHOWN_WHOLE ? await everyTask(registry, { spec, states: null }) : ok([]);
  const unfinished = await everyTask(registry, { spec, states: TROUBLES });
  if (!whole.ok) return whole;
  if (!unfinished.ok) return unfinished;
  say('');
  if (whole.value.length > 0) say(`${await wholeTable(registry, whole.value)}\n`);
  const troubles = unfinished.value.filter((task) => !(task.state === 'failed' && task.optional));
  for (const task of await never.explain(registry, troubles.slice(0, TROUBLES_SHOWN))) {
    for (const line of await troubleLines(registry, task)) say(line);
  }
  if (troubles.length > TROUBLES_SHOWN) say(`… and ${troubles.length - TROUBLES_SHOWN} more`);
  say(`${spec ?? 'all sets'}: ${countsLine(counts.value)} ${colours.dim(`in ${formatDuration(elapsedMs)}`)}`);
  return ok({ complete: troubles.length === 0 });
};
