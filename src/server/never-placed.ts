import type { Configuration } from '../config/configuration.ts';
import { registryId } from '../domain/ids.ts';
import type { PoolSettings } from '../domain/settings.ts';
import type { ReadyTask, TaskView } from '../domain/task.ts';
import type { TaskDetail, TaskRegistry } from '../ports/task-registry.ts';
import { ask } from '../runtime/ask.ts';
import { Scheduler } from '../scheduling/scheduler.ts';

/** Says why ready tasks can never start as things are configured; the registry knows nothing of pools. */
export interface NeverPlaced {
  /** The same tasks, with that as the reason of those it is true of. */
  explain(registry: TaskRegistry, tasks: readonly TaskView[]): Promise<readonly TaskView[]>;
  /** `null`: one pool could take it. */
  why(registry: TaskRegistry, task: TaskView): Promise<string | null>;
}

type Size = Pick<ReadyTask, 'cpu' | 'memory'>;

const NO_SIZE: Size = { cpu: null, memory: null };

const sizeOf = async (registry: TaskRegistry, { key }: TaskView): Promise<Size> => {
  const detail = await ask<TaskDetail>((reply) => registry.task(key, reply));
  return detail.ok ? detail.value.definition.resources : NO_SIZE;
};

const readyTask = ({ key, spec, requiredSkill, priority, attempts, notBefore }: TaskView, size: Size): ReadyTask => ({
  ...size,
  key,
  spec,
  requiredSkill,
  priority,
  position: 0,
  concurrencyKey: null,
  specMaxConcurrency: null,
  specWeight: 1,
  fence: attempts,
  notBefore,
  readyAt: 0,
});

/** @param scheduler of the live dispatcher, or one that knows the configuration only */
export const neverPlaced = (scheduler: Pick<Scheduler, 'whyNever'>, pools: () => readonly PoolSettings[]): NeverPlaced => {
  // The size of a task stands in its definition, which costs a read each; without quotas it does not matter.
  const sizesMatter = (): boolean => pools().some(({ cpuQuota, memoryQuota }) => cpuQuota !== null || memoryQuota !== null);
  const why = async (registry: TaskRegistry, task: TaskView): Promise<string | null> =>
    task.state === 'ready'
      ? scheduler.whyNever(readyTask(task, sizesMatter() ? await sizeOf(registry, task) : NO_SIZE))
      : null;
  return {
    why,
    explain: async (registry, tasks) => {
      const explained: TaskView[] = [];
      for (const task of tasks) {
        const reason = await why(registry, task);
        explained.push(reason === null ? task : { ...task, reason });
      }
      return explained;
    },
  };
};

/** For a command beside or without a dispatcher: as the configuration has it. */
export const neverPlacedBy = ({ dispatcher, pools }: Configuration): NeverPlaced =>
  neverPlaced(new Scheduler(dispatcher, pools, registryId('')), () => pools);
