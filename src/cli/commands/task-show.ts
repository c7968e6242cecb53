import { parseTaskKey } from '../../domain/ids.ts';
import { formatDuration } from '../../domain/quantities.ts';
import type { TaskState } from '../../domain/task.ts';
import type { TaskDetail } from '../../ports/task-registry.ts';
import { ask } from '../../runtime/ask.ts';
import { artifactsOf, type ShownArtifact } from '../../server/artifacts.ts';
import { explained, whyJson } from '../../server/explained.ts';
import { unknownTask } from '../../server/known-name.ts';
import { neverPlacedBy } from '../../server/never-placed.ts';
import { isoTime, taskDetailJson } from '../../server/views.ts';
import { ApiClient } from '../client.ts';
import type { GlobalOptions } from '../configured.ts';
import { colours, complain, EXIT_OK, EXIT_UNFINISHED, print, printJson } from '../io.ts';
import { stateColour } from '../output/state-colour.ts';
import { presentWithoutDispatcher } from '../present.ts';
import { reading } from '../reading.ts';
import { reasonOf } from './tasks.ts';

interface Reason {
  readonly code: string;
  readonly text: string;
}

/** States in which a task waits for something that is not told by the state alone. */
const WAITING: ReadonlySet<TaskState> = new Set(['blocked', 'ready', 'parked']);

const show = ({ view, definition, attempts }: TaskDetail, reasons: Reason, artifacts: readonly ShownArtifact[]): void => {
  print(`${colours.bold(view.key)}  ${view.title}`);
  const reason = reasonOf(view);
  print(`state     ${stateColour(view.state)}${reason === '' ? '' : `: ${reason}`}`);
  if (WAITING.has(view.state)) print(`why       ${reasons.code}: ${reasons.text}`);
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
  for (const { attempt, type, uri } of artifacts) print(`artifact  ${String(type)} ${String(uri)} (attempt ${attempt})`);
};

/** `task show SPEC/ID`: everything about one task. */
export const taskShow = (name: string, options: GlobalOptions): Promise<number> => {
  const key = parseTaskKey(name);
  if (key === null) return Promise.resolve(complain(`"${name}" is not a task; write SPEC/ID, as \`dispatcher tasks\` shows it`));
  return reading(options, async (registry, configuration) => {
    const detail = await ask<TaskDetail>((reply) => registry.task(key.key, reply));
    if (!detail.ok) {
      const error = detail.error.kind === 'notFound' ? await unknownTask(registry, key.key) : detail.error;
      return complain(error.message, EXIT_UNFINISHED);
    }
    const reason = await neverPlacedBy(configuration).why(registry, detail.value.view);
    const shown = reason === null ? detail.value : { ...detail.value, view: { ...detail.value.view, reason } };
    // Only a live dispatcher knows what its pools lack at this moment.
    const live = await (await ApiClient.connect(configuration.stateDir))?.task(key.key);
    const why = live?.ok === true ? live.value.why : whyJson(explained(shown, presentWithoutDispatcher(configuration)));
    const artifacts = await artifactsOf(registry, key.key);
    if (options.json === true) printJson({ ...taskDetailJson(shown), artifacts, why });
    else show(shown, why, artifacts);
    return EXIT_OK;
  });
};
