import { z } from 'zod';
import type { PortError } from '../domain/failures.ts';
import { ok, type Result } from '../domain/result.ts';
import type { PoolSettings } from '../domain/settings.ts';
import { TASK_STATES, type TaskState, type TaskView } from '../domain/task.ts';
import type { TaskPage, TaskRegistry } from '../ports/task-registry.ts';
import { ask } from '../runtime/ask.ts';

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

/** @param present asked of each pool; answers `null` while no dispatcher lives */
export const statusReport = async (
  registry: TaskRegistry,
  pools: readonly PoolSettings[],
  present: (pool: PoolSettings) => PoolPresent | null,
): Promise<Result<StatusReport, PortError>> => {
  const counts = await ask<Readonly<Record<TaskState, number>>>((reply) => registry.counts(null, reply));
  if (!counts.ok) return counts;
  const page = await ask<TaskPage>((reply) => registry.tasks({ states: ['running'], limit: MOST_RUNNERS }, reply));
  if (!page.ok) return page;
  const running = page.value.tasks;
  return ok({
    tasks: counts.value,
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
