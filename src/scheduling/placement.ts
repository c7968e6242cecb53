import type { PoolName } from '../domain/ids.ts';
import type { DispatcherSettings } from '../domain/settings.ts';
import type { ReadyTask } from '../domain/task.ts';
import type { Ledger } from './ledger.ts';

const NOWHERE: readonly PoolName[] = [];

/** Pools that may run tasks of this skill, in order of preference (R3). */
export const candidatePools = (
  settings: Pick<DispatcherSettings, 'skillMapping' | 'defaultPools' | 'strictSkills'>,
  skill: string | null,
): readonly PoolName[] => {
  if (skill === null) return settings.defaultPools;
  const mapped = settings.skillMapping.get(skill);
  if (mapped !== undefined) return mapped;
  return settings.strictSkills ? NOWHERE : settings.defaultPools;
};

/** Why no pool can ever take a task. */
export interface Never {
  readonly code: 'no_pool_for_skill' | 'unplaceable' | 'pools_disabled';
  /** One line for a person. */
  readonly reason: string;
}

/** Why none of these pools can ever take this task as things are configured; `null` if one could. */
export const neverPlaced = (task: ReadyTask, candidates: readonly PoolName[], ledger: Ledger): Never | null => {
  if (candidates.length === 0) {
    return { code: 'no_pool_for_skill', reason: `no pool for the skill ${JSON.stringify(task.requiredSkill)}` };
  }
  const fitting = candidates.filter((pool) => ledger.fitsAtAll(task, pool));
  if (fitting.length === 0) {
    const reason = `larger than the quota of every pool that could take it (${candidates.join(', ')})`;
    return { code: 'unplaceable', reason };
  }
  if (!fitting.every((pool) => ledger.isShut(pool))) return null;
  return { code: 'pools_disabled', reason: `every pool that could take it is disabled (${fitting.join(', ')})` };
};
