import type { PoolName } from '../domain/ids.ts';
import type { DispatcherSettings } from '../domain/settings.ts';

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
