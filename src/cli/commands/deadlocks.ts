import { FEW_NAMES } from '../../domain/deadlock.ts';
import { deadlockReport } from '../../server/deadlock-report.ts';
import { ApiClient, type DeadlockAnswer } from '../client.ts';
import { configurationOf, type GlobalOptions } from '../configured.ts';
import { colours, complain, EXIT_OK, EXIT_UNFINISHED, print, printJson } from '../io.ts';
import { presentWithoutDispatcher } from '../present.ts';
import { reading } from '../reading.ts';

export interface DeadlocksOptions extends GlobalOptions {
  /** Exit code 1 where there are any. */
  readonly check?: boolean;
}

type Finding = DeadlockAnswer['deadlocks'][number];

const linesOf = ({ kind, text, tasks, held_up: count, resolve }: Finding): readonly string[] => {
  const names = tasks.slice(0, FEW_NAMES);
  const more = count > names.length ? ` and ${count - names.length} more` : '';
  return [
    `${colours.yellow(kind.replaceAll('_', ' '))}: ${text}`,
    `    held up: ${names.join(', ')}${more}`,
    ...resolve.map((mend, i) => `    ${i === 0 ? 'resolve:' : '     or:'} ${mend}`),
  ];
};

const show = (answer: DeadlockAnswer, options: DeadlocksOptions): number => {
  const { deadlocks, stuck } = answer;
  if (options.json === true) printJson(answer);
  else if (deadlocks.length === 0) print('nothing is stuck: every task that waits can still go on');
  else {
    for (const finding of deadlocks) for (const line of linesOf(finding)) print(line);
    const reasons = `${deadlocks.length} ${deadlocks.length === 1 ? 'reason' : 'reasons'}`;
    print(`${reasons}; ${stuck} blocked ${stuck === 1 ? 'task' : 'tasks'} cannot go on until a person does something`);
  }
  return options.check === true && deadlocks.length > 0 ? EXIT_UNFINISHED : EXIT_OK;
};

/** `deadlocks`: what can never go on, why, and how to resolve it; by the dispatcher that is alive, else by registry and configuration. */
export const deadlocks = async (options: DeadlocksOptions): Promise<number> => {
  const configuration = configurationOf(options);
  if (!configuration.ok) return complain(configuration.error);
  const names = options.json === true ? Number.MAX_SAFE_INTEGER : FEW_NAMES;
  const client = await ApiClient.connect(configuration.value.stateDir);
  if (client !== null) {
    const answer = await client.deadlocks(names);
    if (answer.ok) return show(answer.value, options);
    if (answer.error.kind !== 'transient') return complain(answer.error.message, EXIT_UNFINISHED);
  }
  return reading(options, async (registry) => {
    const { scheduler } = presentWithoutDispatcher(configuration.value);
    const report = await deadlockReport(registry, scheduler, names);
    return report.ok ? show(report.value, options) : complain(report.error.message, EXIT_UNFINISHED);
  });
};
