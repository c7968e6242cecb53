import type { DispatcherEvent } from '../../domain/events.ts';
import type { PortError } from '../../domain/failures.ts';
import { taskKey, type PoolName } from '../../domain/ids.ts';
import { ok, type Result } from '../../domain/result.ts';
import type { TaskRegistry } from '../../ports/task-registry.ts';
import { ask } from '../../runtime/ask.ts';
import { placeOf, withoutRun, type Duration, type DurationModel } from '../../simulation/what-if/durations.ts';
import { everyTask } from '../every-task.ts';
import { DEFAULT_DURATION } from './durations-file.ts';

/** What was learned, and from how much. */
export interface Learned {
  readonly model: DurationModel;
  readonly attempts: number;
  readonly tasks: number;
}

const PAGE = 10_000;

const add = <K>(lists: Map<K, number[]>, key: K, value: number): void => {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
};

const observed = (list: readonly number[]): Duration => ({ kind: 'observed', sorted: list.toSorted((a, b) => a - b) });

const distributions = <K>(lists: ReadonlyMap<K, readonly number[]>): ReadonlyMap<K, Duration> =>
  new Map([...lists].map(([key, list]) => [key, observed(list)]));

/**
 * How long attempts that were completed took: by task, in whatever run of its set, else by pool and skill,
 * else by pool, else of all. Those that failed tell nothing of how long the work takes.
 */
export const learnDurations = async (registry: TaskRegistry): Promise<Result<Learned, PortError>> => {
  const views = await everyTask(registry, { spec: null, states: null });
  if (!views.ok) return views;
  const skills = new Map(views.value.map(({ key, requiredSkill }) => [key, requiredSkill]));
  const byTask = new Map<string, number[]>();
  const byPlace = new Map<string, number[]>();
  const byPool = new Map<PoolName, number[]>();
  const all: number[] = [];
  for (let after = 0; ; ) {
    const page = await ask<readonly DispatcherEvent[]>((reply) => registry.events({ after, limit: PAGE }, reply));
    if (!page.ok) return page;
    for (const { type, spec, taskId, pool, durationMs } of page.value) {
      if (type !== 'RunnerCompleted' || spec === null || taskId === null || pool === null || durationMs === null) continue;
      const key = taskKey(spec, taskId);
      add(byTask, withoutRun(key), durationMs);
      add(byPlace, placeOf(pool, skills.get(key) ?? null), durationMs);
      add(byPool, pool, durationMs);
      all.push(durationMs);
    }
    after = page.value.at(-1)?.seq ?? after;
    if (page.value.length < PAGE) break;
  }
  const model = {
    tasks: distributions(byTask),
    places: distributions(byPlace),
    skills: new Map(),
    pools: distributions(byPool),
    fallback: all.length === 0 ? DEFAULT_DURATION : observed(all),
  };
  return ok({ model, attempts: all.length, tasks: byTask.size });
};
