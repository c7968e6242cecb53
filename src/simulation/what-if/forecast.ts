import { FEW_NAMES, type StuckReport } from '../../domain/deadlock.ts';
import type { DispatcherEvent } from '../../domain/events.ts';
import type { PortError } from '../../domain/failures.ts';
import { taskKey, type PoolName, type TaskKey } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { TaskDefinition, TaskState } from '../../domain/task.ts';
import type { TaskPage } from '../../ports/task-registry.ts';
import { deadlocksOf } from '../../scheduling/stuck.ts';
import { KeyedEntropy } from '../keyed-entropy.ts';
import { drawnMs, durationOf, type DurationModel } from './durations.ts';
import { FORECAST_START, ForecastWorld, type ForecastRequest } from './forecast-world.ts';

/** One attempt as it is foretold. Times: ms since all sets were submitted. */
export interface ForecastAttempt {
  readonly key: TaskKey;
  readonly attempt: number;
  readonly pool: PoolName;
  readonly readyAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly end: 'done' | 'failed';
}

/** One run of the plan. */
export interface Forecast {
  /** In the order of their starts. */
  readonly attempts: readonly ForecastAttempt[];
  readonly makespanMs: number;
  readonly counts: Readonly<Record<TaskState, number>>;
  /** Tasks that failed, and why. */
  readonly failed: readonly { readonly key: TaskKey; readonly reason: string }[];
  /** Why the rest never starts, one line each. */
  readonly stuck: readonly string[];
}

const ENDS = new Set(['RunnerCompleted', 'RunnerFailed', 'RunnerTimedOut', 'RunnerLost', 'RunnerCancelled']);
const MOST_FAILED = 10_000;

const keyOf = ({ spec, taskId }: DispatcherEvent): TaskKey | null => (spec === null || taskId === null ? null : taskKey(spec, taskId));

/** What the record says of who began and ended when. */
const attemptsOf = (events: readonly DispatcherEvent[]): readonly ForecastAttempt[] => {
  const ready = new Map<TaskKey, number>();
  const running = new Map<TaskKey, number>();
  const attempts: ForecastAttempt[] = [];
  for (const event of events) {
    const key = keyOf(event);
    if (key === null) continue;
    const at = event.at - FORECAST_START;
    if (event.type === 'TaskReady') ready.set(key, at);
    // It is ready again, but may not start before its back-off is over.
    else if (event.type === 'TaskRetryScheduled') ready.set(key, at + Number(event.details['delay_ms'] ?? 0));
    else if (event.type === 'RunnerStarted') running.set(key, at);
    else if (ENDS.has(event.type) && event.pool !== null) {
      const startedAt = running.get(key);
      running.delete(key);
      if (startedAt === undefined) continue;
      const end = event.type === 'RunnerCompleted' ? 'done' : 'failed';
      attempts.push({ key, attempt: event.attempt ?? 0, pool: event.pool, readyAt: ready.get(key) ?? 0, startedAt, endedAt: at, end });
    }
  }
  // Equal starts in the order in which they are on record.
  const order = new Map(events.filter(({ type }) => type === 'RunnerStarted').map((event, i) => [`${keyOf(event)}#${event.attempt}`, i]));
  const place = ({ key, attempt }: ForecastAttempt): number => order.get(`${key}#${attempt}`) ?? 0;
  return attempts.toSorted((a, b) => place(a) - place(b));
};

const collect = (world: ForecastWorld): Result<Forecast, PortError> => {
  const events = world.ask<readonly DispatcherEvent[]>((registry, reply) => registry.events({ after: 0, limit: Number.MAX_SAFE_INTEGER }, reply));
  if (!events.ok) return events;
  const counts = world.ask<Readonly<Record<TaskState, number>>>((registry, reply) => registry.counts(null, reply));
  if (!counts.ok) return counts;
  const failed = world.ask<TaskPage>((registry, reply) => registry.tasks({ states: ['failed'], limit: MOST_FAILED }, reply));
  if (!failed.ok) return failed;
  const report = world.ask<StuckReport>((registry, reply) => registry.stuck({ names: FEW_NAMES }, reply));
  if (!report.ok) return report;
  const attempts = attemptsOf(events.value);
  const { scheduler } = world;
  return ok({
    attempts,
    makespanMs: attempts.reduce((latest, { endedAt }) => Math.max(latest, endedAt), 0),
    counts: counts.value,
    failed: failed.value.tasks.map(({ key, reason }) => ({ key, reason: reason ?? 'failed' })),
    stuck: scheduler === null ? [] : deadlocksOf(report.value, scheduler).map(({ text }) => text),
  });
};

export interface ForecastPlan extends Omit<ForecastRequest, 'runMs'> {
  readonly durations: DurationModel;
}

/** Every task of the sets by its name. */
export const definitionsOf = ({ sets }: Pick<ForecastPlan, 'sets'>): ReadonlyMap<TaskKey, TaskDefinition> =>
  new Map(sets.flatMap(({ name, tasks }) => tasks.map((task): [TaskKey, TaskDefinition] => [taskKey(name, task.id), task])));

/**
 * Runs the plan once, in virtual time, by the code that would run it. Luck is keyed by seed, task and
 * attempt: another policy or size of a pool meets the same luck.
 */
export const forecast = ({ durations, ...request }: ForecastPlan): Result<Forecast, PortError> => {
  const definitions = definitionsOf(request);
  const luck = new KeyedEntropy(request.seed);
  const world = new ForecastWorld({
    ...request,
    runMs: ({ task: key, attempt, pool }) => {
      const skill = definitions.get(key)?.requiredSkill ?? null;
      return drawnMs(durationOf(durations, { key, skill, pool }), luck.draw(`${key}#${attempt}|duration`));
    },
  });
  const trouble = world.run();
  return trouble === null ? collect(world) : err(trouble);
};
