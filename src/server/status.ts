import { z } from 'zod';
import { FEW_NAMES, type StuckReport } from '../domain/deadlock.ts';
import type { PortError } from '../domain/failures.ts';
import { ok, type Result } from '../domain/result.ts';
import type { PoolSettings } from '../domain/settings.ts';
import { TASK_STATES, type TaskState, type TaskView } from '../domain/task.ts';
import type { TaskPage, TaskRegistry } from '../ports/task-registry.ts';
import { ask } from '../runtime/ask.ts';
import type { Scheduler } from '../scheduling/scheduler.ts';
import { waitingReasons, type WaitingQuestion } from '../scheduling/waiting.ts';

export const poolSchema = z.object({
  name: z.string(),
  type: z.string(),
  state: z.string(),
  max_concurrency: z.number(),
  running: z.number(),
  /** Cores; `null`: no quota, or not known. */
  cpu_quota: z.number().nullable(),
  cpu_reserved: z.number().nullable(),
  cpu_used: z.number().nullable(),
  /** MB. */
  memory_quota: z.number().nullable(),
  memory_reserved: z.number().nullable(),
  memory_used: z.number().nullable(),
  reason: z.string().nullable(),
});
const runnerSchema = z.object({
  runner_id: z.string().nullable(),
  spec: z.string(),
  task_id: z.string(),
  attempt: z.number(),
  pool: z.string().nullable(),
  slot_id: z.string().nullable(),
});

/** `status --json` and `GET /api/v1/status`. */
export const statusSchema = z.object({
  tasks: z.record(z.enum(TASK_STATES), z.number()),
  pools: z.array(poolSchema),
  /** One for each task that runs. */
  runners: z.array(runnerSchema),
  /** Why tasks wait, most first. */
  waiting: z.array(z.object({ code: z.string(), count: z.number(), text: z.string() })),
});
export type PoolReport = z.infer<typeof poolSchema>;
export type StatusReport = z.infer<typeof statusSchema>;

/** What only a live dispatcher knows of a pool. */
export interface PoolPresent {
  readonly state: string;
  readonly reason: string | null;
  readonly maxConcurrency: number;
  readonly cpu: number;
  readonly memory: number;
}

/** More run at once nowhere; a page of the registry holds so many. */
const MOST_RUNNERS = 10_000;

const poolOf = (settings: PoolSettings, running: readonly TaskView[], present: PoolPresent | null) => ({
  name: settings.name,
  type: settings.engine.type,
  state: present?.state ?? (settings.enabled ? 'enabled' : 'disabled'),
  max_concurrency: present?.maxConcurrency ?? settings.maxConcurrency,
  running: running.filter(({ pool }) => pool === settings.name).length,
  cpu_quota: settings.cpuQuota,
  cpu_reserved: present?.cpu ?? null,
  cpu_used: null,
  memory_quota: settings.memoryQuota,
  memory_reserved: present?.memory ?? null,
  memory_used: null,
  reason: present?.reason ?? null,
});

/** Who can say why tasks wait. */
export interface WaitingParts {
  /** Of the live dispatcher or, while none runs, one that knows the configuration only. */
  readonly scheduler: Scheduler;
  readonly dispatcher: WaitingQuestion['dispatcher'];
  /** Blocked tasks that can never go on, by the last survey; `null`: none was made. */
  readonly lastStuck: number | null;
}

/** With more blocked tasks than that the last survey is good enough: to look at all of them takes seconds. */
const LOOKED_AT_ANEW = 20_000;

const stuckOf = async (registry: TaskRegistry, blocked: number, last: number | null): Promise<number> => {
  if (blocked === 0) return 0;
  if (last !== null && blocked > LOOKED_AT_ANEW) return last;
  const report = await ask<StuckReport>((reply) => registry.stuck({ names: FEW_NAMES }, reply));
  return report.ok ? report.value.stuck : (last ?? 0);
};

/** @param present asked of each pool; answers `null` while no dispatcher lives */
export const statusReport = async (
  registry: TaskRegistry,
  pools: readonly PoolSettings[],
  present: (pool: PoolSettings) => PoolPresent | null,
  { scheduler, dispatcher, lastStuck }: WaitingParts,
): Promise<Result<StatusReport, PortError>> => {
  const counts = await ask<Readonly<Record<TaskState, number>>>((reply) => registry.counts(null, reply));
  if (!counts.ok) return counts;
  const page = await ask<TaskPage>((reply) => registry.tasks({ states: ['running'], limit: MOST_RUNNERS }, reply));
  if (!page.ok) return page;
  const running = page.value.tasks;
  const stuck = await stuckOf(registry, counts.value.blocked, lastStuck);
  return ok({
    tasks: counts.value,
    waiting: waitingReasons({ counts: counts.value, stuck, scheduler, dispatcher }).map((reason) => ({ ...reason })),
    pools: pools.map((pool) => poolOf(pool, running, present(pool))),
    runners: running.map(({ runnerId, spec, id, attempts, pool, slotId }) => ({
      runner_id: runnerId,
      spec,
      task_id: id,
      attempt: attempts,
      pool,
      slot_id: slotId,
    })),
  });
};
