import { quoted } from '../config/input-error.ts';
import { nearestName } from '../config/nearest-name.ts';
import { portError, type PortError } from '../domain/failures.ts';
import { parseTaskKey, type TaskKey } from '../domain/ids.ts';
import type { TaskView } from '../domain/task.ts';
import type { TaskPage, TaskRegistry } from '../ports/task-registry.ts';
import { ask } from '../runtime/ask.ts';

/** Names looked at for a nearest one. */
const LOOKED_AT = 10_000;

const mendOf = (typed: string, known: readonly string[], where: string): string => {
  const nearest = nearestName(typed, known);
  return nearest === null ? where : `did you mean ${quoted(nearest, 200)}?`;
};

/** There is no such task: with the name that was meant, if one is near. */
export const unknownTask = async (registry: TaskRegistry, key: TaskKey): Promise<PortError> => {
  const spec = parseTaskKey(key)?.spec;
  const listed = async (query: { readonly spec?: NonNullable<typeof spec> }): Promise<readonly string[]> => {
    const page = await ask<TaskPage>((reply) => registry.tasks({ ...query, limit: LOOKED_AT }, reply));
    return page.ok ? page.value.tasks.map((task) => task.key) : [];
  };
  const ofSet = spec === undefined ? [] : await listed({ spec });
  const known = ofSet.length > 0 ? ofSet : await listed({});
  const mend = mendOf(key, known, '`dispatcher tasks` lists those there are');
  return portError('notFound', `there is no task ${quoted(key, 200)}; ${mend}`);
};

export const unknownPool = (name: string, known: readonly string[]): PortError =>
  portError('notFound', `there is no pool ${quoted(name)}; ${mendOf(name, known, `expected one of ${known.join(', ')}`)}`);

/** A dependency as people write it: the whole name or, in the same set, the id alone. */
export const dependencyNamed = (view: TaskView, text: string): TaskKey => {
  const found = view.dependencies.find(({ key }) => key === text || key === `${view.spec}/${text}`);
  return found?.key ?? parseTaskKey(text)?.key ?? (`${view.spec}/${text}` as TaskKey);
};
