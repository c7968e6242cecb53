import { specName } from '../../domain/ids.ts';
import { formatDuration } from '../../domain/quantities.ts';
import { TASK_STATES, type TaskState, type TaskView } from '../../domain/task.ts';
import { neverPlacedBy } from '../../server/never-placed.ts';
import { taskJson } from '../../server/views.ts';
import type { GlobalOptions } from '../configured.ts';
import { everyTask } from '../every-task.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED, print, printJson } from '../io.ts';
import { stateColour } from '../output/state-colour.ts';
import { table } from '../output/table.ts';
import { reading } from '../reading.ts';

export interface TasksOptions extends GlobalOptions {
  readonly spec?: string;
  readonly state?: readonly string[];
}

const isState = (text: string): text is TaskState => (TASK_STATES as readonly string[]).includes(text);

/** Why a task is where it is; for one that backs off also until when. */
export const reasonOf = (task: TaskView): string => {
  const wait = task.state === 'ready' && task.notBefore !== null ? task.notBefore - Date.now() : 0;
  const retry = wait > 0 ? `again in ${formatDuration(wait)}` : '';
  return [retry, task.reason ?? ''].filter((part) => part !== '').join('; ');
};

/** `tasks`: every task, or those of one set or state. */
export const tasks = async (options: TasksOptions): Promise<number> => {
  const states = options.state ?? [];
  const wrong = states.find((state) => !isState(state));
  if (wrong !== undefined) return complain(`--state ${wrong}: expected one of ${TASK_STATES.join(', ')}`);
  return reading(options, async (registry, configuration) => {
    const found = await everyTask(registry, {
      spec: options.spec === undefined ? null : specName(options.spec),
      states: states.length === 0 ? null : states.filter(isState),
    });
    if (!found.ok) return complain(found.error.message, EXIT_UNFINISHED);
    const shown = await neverPlacedBy(configuration).explain(registry, found.value);
    if (options.json === true) printJson(shown.map(taskJson));
    else if (shown.length === 0) print('no tasks');
    else {
      const rows = shown.map((task) => [
        stateColour(task.state),
        task.key,
        task.title,
        String(task.priority),
        String(task.attempts),
        task.pool ?? '',
        reasonOf(task),
      ]);
      print(table(['STATE', 'TASK', 'TITLE', 'PRIORITY', 'ATTEMPTS', 'POOL', 'REASON'], rows));
    }
    return EXIT_OK;
  });
};
