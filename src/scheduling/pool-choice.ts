import type { PoolName } from '../domain/ids.ts';
import type { DispatcherSettings } from '../domain/settings.ts';
import type { ReadyTask } from '../domain/task.ts';

/** Which of several pools that could take a task gets it. Lower goes first, number by number; ties by order of preference. */
export type PoolCost = (task: ReadyTask, pool: PoolName) => readonly number[];

/** What a skill is worth to a pool: the fewer other pools have it, the more. */
interface Serves {
  readonly skill: string | null;
  readonly rarity: number;
}

const servedBy = ({ skillMapping, defaultPools }: Pick<DispatcherSettings, 'skillMapping' | 'defaultPools'>) => {
  const served = new Map<PoolName, Serves[]>();
  for (const [skill, pools] of [...skillMapping, [null, defaultPools] as const]) {
    for (const pool of pools) served.set(pool, [...(served.get(pool) ?? []), { skill, rarity: 1 / pools.length }]);
  }
  return served;
};

/**
 * Best fit by skill: the pool whose use takes least from others. What a pool could do besides this task
 * is the list of the other skills mapped to it, each worth 1 / number of pools that have it (tasks without a
 * skill count as one, for the default pools). The pool with the lowest dearest skill is taken, then the one
 * with the lowest sum, then the least loaded. A task never waits for a cheaper pool while a dearer one is free.
 */
export const bestFit = (
  settings: Pick<DispatcherSettings, 'skillMapping' | 'defaultPools'>,
  load: (pool: PoolName) => number,
): PoolCost => {
  const served = servedBy(settings);
  return ({ requiredSkill }, pool) => {
    const own = requiredSkill !== null && settings.skillMapping.has(requiredSkill) ? requiredSkill : null;
    let dearest = 0;
    let sum = 0;
    for (const { skill, rarity } of served.get(pool) ?? []) {
      if (skill === own) continue;
      dearest = Math.max(dearest, rarity);
      sum += rarity;
    }
    return [dearest, sum, load(pool)];
  };
};

/** The least loaded one. */
export const leastLoaded =
  (load: (pool: PoolName) => number): PoolCost =>
  (_task, pool) => [load(pool)];

const isLower = (a: readonly number[], b: readonly number[]): boolean => {
  for (const [i, value] of a.entries()) {
    const other = b[i] ?? 0;
    if (value !== other) return value < other;
  }
  return false;
};

/** The cheapest of the pools, the first of several alike; `null` where there is none. */
export const cheapest = (task: ReadyTask, pools: readonly PoolName[], cost: PoolCost): PoolName | null => {
  let best: PoolName | null = null;
  let lowest: readonly number[] = [];
  for (const pool of pools) {
    const own = cost(task, pool);
    if (best !== null && !isLower(own, lowest)) continue;
    [best, lowest] = [pool, own];
  }
  return best;
};
