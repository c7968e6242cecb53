import { parseTaskKey } from '../../domain/ids.ts';
import { formatDuration } from '../../domain/quantities.ts';
import type { TaskDetail } from '../../ports/task-registry.ts';
import { ask } from '../../runtime/ask.ts';
import { neverPlacedBy } from '../../server/never-placed.ts';
import { isoTime, taskDetailJson } from '../../server/views.ts';
import type { GlobalOptions } from '../configured.ts';
import { colours, complain, EXIT_OK, EXIT_UNFINISHED, print, printJson } from '../io.ts';
import { stateColour } from '../output/state-colour.ts';
import { reading } from '../reading.ts';
import { reasonOf } from './tasks.ts';

const show = ({ view, definition, attempts }: TaskDetail): void => {
  print(`${colours.bold(view.key)}  ${view.title}`);
  const reason = reasonOf(view);
  print(`state     ${stateColour(view.state)}${reason === '' ? '' : `: ${reason}`}`);
  print(`priority  ${view.priority}${view.optional ? '  (optional)' : ''}`);
  if (view.requiredSkill !== null) print(`skill     ${view.requiredSkill}`);
  if (definition.command !== null) print(`command   ${JSON.stringify(definition.command)}`);
  if (definition.description !== '') print(`\n${definition.description.trimEnd()}\n`);
  for (const { key, state } of view.dependencies) {
    print(`needs     ${key} (${state === 'missing' ? 'missing' : stateColour(state)})`);
  }
  for (const attempt of attempts) {
    const { startedAt, endedAt } = attempt;
    const took = startedAt === null || endedAt === null ? '' : ` after ${formatDuration(Math.max(0, endedAt - startedAt))}`;
    const how = attempt.end === null ? 'not ended' : `${attempt.end}${took}`;
    const why = attempt.reason === null ? '' : `: ${attempt.reason}`;
    print(`attempt ${attempt.attempt} on ${attempt.pool} from ${isoTime(startedAt ?? attempt.claimedAt)}: ${how}${why}`);
    print(colours.dim(`          log ${attempt.runDir}/output.log`));
  }
};

/** `task show SPEC/ID`: everything about one task. */
export const taskShow = (name: string, options: GlobalOptions): Promise<number> => {
  const key = parseTaskKey(name);
  if (key === null) return Promise.resolve(complain(`"${name}" is not a task; write SPEC/ID, as \`dispatcher tasks\` shows it`));
  return reading(options, async (registry, configuration) => {
    const detail = await ask<TaskDetail>((reply) => registry.task(key.key, reply));
    if (!detail.ok) return complain(detail.error.message, EXIT_UNFINISHED);
    const reason = await neverPlacedBy(configuration).why(registry, detail.value.view);
    const shown = reason === null ? detail.value : { ...detail.value, view: { ...detail.value.view, reason } };
    if (options.json === true) printJson(taskDetailJson(shown));
    else show(shown);
    return EXIT_OK;
  });
};
