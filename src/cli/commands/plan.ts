import type { Configuration } from '../../config/configuration.ts';
import { formatInputError, legible } from '../../config/input-error.ts';
import type { LoadedPlan } from '../../config/loaded-plan.ts';
import type { TaskDefinition } from '../../domain/task.ts';
import { configurationOf, type GlobalOptions } from '../configured.ts';
import { colours, complain, EXIT_OK, print, printJson } from '../io.ts';
import { table } from '../output/table.ts';
import { orderedTasks, type OrderedTask } from '../plan-order.ts';
import { placementFindings, poolsOf, type Doubt } from '../plan-pools.ts';
import { planOf } from '../submission.ts';

export interface PlanOptions extends GlobalOptions {
  readonly force?: boolean;
  readonly parallel?: boolean;
}

/** Longer tables take long to lay out, and nobody reads them: a line each instead. */
const LONGEST_TABLE = 2000;
const LONGEST_TITLE = 60;

const marksOf = (definition: TaskDefinition, isDone: boolean): string =>
  [isDone ? 'done' : '', definition.optional ? 'optional' : ''].filter((mark) => mark !== '').join(', ');

const rowOf = (task: OrderedTask, configuration: Configuration): readonly string[] => {
  const { definition, step, startsAfter, isDone } = task;
  const place = definition.group ? 'parent' : poolsOf(definition, configuration).join(', ') || 'none';
  return [
    step === null ? '' : String(step),
    legible(definition.id),
    legible(definition.title, LONGEST_TITLE),
    startsAfter.map((id) => legible(id)).join(', '),
    place,
    marksOf(definition, isDone),
  ];
};

const summaryOf = (tasks: readonly OrderedTask[]): string => {
  const leaves = tasks.filter(({ definition }) => !definition.group);
  const widths = new Map<number, number>();
  for (const { step } of leaves) if (step !== null) widths.set(step, (widths.get(step) ?? 0) + 1);
  const widest = [...widths.values()].reduce((most, width) => Math.max(most, width), 0);
  const count = (what: string, test: (task: OrderedTask) => boolean): string => {
    const found = leaves.filter(test).length;
    return found === 0 ? '' : `, ${found} ${what}`;
  };
  const done = count('done already', ({ isDone }) => isDone);
  const optional = count('optional', ({ definition }) => definition.optional);
  const parents = tasks.length - leaves.length;
  const below = parents === 0 ? '' : ` below ${parents} parents`;
  return `${leaves.length} tasks${below}${done}${optional}; ${widths.size} steps, at most ${widest} tasks at once`;
};

const show = (file: string, plan: LoadedPlan, tasks: readonly OrderedTask[], doubts: readonly Doubt[], configuration: Configuration): void => {
  const rows = tasks.map((task) => rowOf(task, configuration));
  print(`${colours.bold(legible(plan.set.name))}  ${summaryOf(tasks)}\n`);
  if (rows.length <= LONGEST_TABLE) print(table(['STEP', 'TASK', 'TITLE', 'STARTS AFTER', 'POOL', ''], rows));
  else for (const row of rows) print(row.join('  ').trimEnd());
  if (doubts.length > 0) print(`\n${doubts.length} doubtful:`);
  for (const { line, text } of doubts) print(formatInputError({ file, line, path: '', message: text }));
};

/** `plan FILE`: how a plan is read, in the order in which it would be worked on. Runs and writes nothing. */
export const plan = (file: string, options: PlanOptions): Promise<number> => {
  const configuration = configurationOf(options);
  if (!configuration.ok) return Promise.resolve(complain(configuration.error));
  const loaded = planOf(file, options);
  if (!loaded.ok) return Promise.resolve(complain(loaded.error));
  const { set, findings, lines } = loaded.value;
  const tasks = orderedTasks(set);
  const doubts = [...findings, ...placementFindings(set, lines, configuration.value)].toSorted((a, b) => a.line - b.line);
  if (options.json === true) {
    printJson({
      tasks: tasks.map(({ definition, dependencies, startsAfter, step, isDone }) => {
        const pools = definition.group ? [] : poolsOf(definition, configuration.value);
        return {
          id: definition.id,
          title: definition.title,
          dependencies,
          pool: pools[0] ?? null,
          pools,
          starts_after: startsAfter,
          optional: definition.optional,
          group: definition.group,
          done: isDone,
          step,
        };
      }),
      findings: doubts.map(({ line, kind, text }) => ({ line, kind, text })),
    });
  } else show(file, loaded.value, tasks, doubts, configuration.value);
  return Promise.resolve(EXIT_OK);
};
