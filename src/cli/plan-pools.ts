import type { Configuration } from '../config/configuration.ts';
import { quoted } from '../config/input-error.ts';
import type { PoolName, TaskId } from '../domain/ids.ts';
import type { TaskDefinition, TaskSet } from '../domain/task.ts';
import { candidatePools } from '../scheduling/placement.ts';

/** Something in a plan that a person should look at, with its line. */
export interface Doubt {
  readonly line: number;
  readonly kind: string;
  readonly text: string;
}

/** Pools that a task may go to, in order of preference. */
export const poolsOf = (task: TaskDefinition, { dispatcher }: Configuration): readonly PoolName[] =>
  candidatePools(dispatcher, task.requiredSkill);

/** Why a pool could never run a task, as a clause; `null` if it could. */
const obstacle = (task: TaskDefinition, pool: Configuration['pools'][number]): string | null => {
  const cpu = task.resources.cpu ?? pool.defaultResources.cpu;
  const memory = task.resources.memory ?? pool.defaultResources.memory;
  if (pool.cpuQuota !== null && cpu > pool.cpuQuota) return `it asks for ${cpu} cores, and ${pool.name} has ${pool.cpuQuota}`;
  if (pool.memoryQuota !== null && memory > pool.memoryQuota) {
    return `it asks for ${memory} MB, and ${pool.name} has ${pool.memoryQuota}`;
  }
  if (task.command === null && pool.command === null) return `neither it nor ${pool.name} has a command`;
  return null;
};

const placementOf = (task: TaskDefinition, configuration: Configuration): string | null => {
  const names = poolsOf(task, configuration);
  if (names.length === 0) {
    return task.requiredSkill === null
      ? 'no pool takes tasks without a skill; name some under skill_mapping.default'
      : `no pool for the skill ${quoted(task.requiredSkill)}; add it to skill_mapping`;
  }
  const pools = configuration.pools.filter(({ name }) => names.includes(name));
  const obstacles = pools.map((pool) => obstacle(task, pool));
  if (obstacles.includes(null)) return null;
  const [first] = obstacles;
  return first == null ? null : `no pool can run it: ${first}`;
};

/** Tasks that could not run as things are configured; those with the same reason together, at the first. */
export const placementFindings = (
  set: TaskSet,
  lines: () => ReadonlyMap<TaskId, number>,
  configuration: Configuration,
): readonly Doubt[] => {
  const done = new Set(set.done);
  const byReason = new Map<string, TaskId[]>();
  for (const task of set.tasks) {
    const reason = task.group || done.has(task.id) ? null : placementOf(task, configuration);
    if (reason === null) continue;
    const ids = byReason.get(reason);
    if (ids === undefined) byReason.set(reason, [task.id]);
    else ids.push(task.id);
  }
  if (byReason.size === 0) return [];
  const places = lines();
  return [...byReason].map(([reason, ids]): Doubt => {
    const [first] = ids;
    const others = ids.length === 1 ? '' : ` and ${ids.length - 1} more`;
    const line = first === undefined ? 1 : (places.get(first) ?? 1);
    return { line, kind: 'unplaceable', text: `${first ?? ''}${others}: ${reason}` };
  });
};
