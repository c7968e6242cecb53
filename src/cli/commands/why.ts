import { parseTaskKey } from '../../domain/ids.ts';
import { TASK_STATES } from '../../domain/task.ts';
import type { TaskDetail } from '../../ports/task-registry.ts';
import { ask } from '../../runtime/ask.ts';
import { explained, whyJson } from '../../server/explained.ts';
import { unknownTask } from '../../server/known-name.ts';
import { ApiClient } from '../client.ts';
import { configurationOf, type GlobalOptions } from '../configured.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED, print, printJson } from '../io.ts';
import { stateColour } from '../output/state-colour.ts';
import { presentWithoutDispatcher } from '../present.ts';
import { reading } from '../reading.ts';

interface Answer {
  readonly code: string;
  readonly text: string;
}

const show = (name: string, state: string, answer: Answer, options: GlobalOptions): number => {
  if (options.json === true) printJson(answer);
  else {
    const known = TASK_STATES.find((one) => one === state);
    print(`${name} ${known === undefined ? state : stateColour(known)} (${answer.code}): ${answer.text}`);
  }
  return EXIT_OK;
};

/** `why SPEC/ID`: why a task does not run; by the dispatcher that is alive, else by registry and configuration. */
export const why = async (name: string, options: GlobalOptions): Promise<number> => {
  const key = parseTaskKey(name)?.key;
  if (key === undefined) return complain(`"${name}" is not a task; write SPEC/ID, as \`dispatcher tasks\` shows it`);
  const loaded = configurationOf(options);
  if (!loaded.ok) return complain(loaded.error);
  const client = await ApiClient.connect(loaded.value.stateDir);
  if (client !== null) {
    const answer = await client.task(key);
    if (answer.ok) return show(name, answer.value.state, answer.value.why, options);
    if (answer.error.kind !== 'transient') return complain(answer.error.message, EXIT_UNFINISHED);
  }
  return reading(options, async (registry, configuration) => {
    const detail = await ask<TaskDetail>((reply) => registry.task(key, reply));
    if (!detail.ok) {
      const error = detail.error.kind === 'notFound' ? await unknownTask(registry, key) : detail.error;
      return complain(error.message, EXIT_UNFINISHED);
    }
    const answer = explained(detail.value, presentWithoutDispatcher(configuration));
    return show(name, detail.value.view.state, whyJson(answer), options);
  });
};
