import { existsSync } from 'node:fs';
import { POLICIES, type SchedulingSettings } from '../domain/settings.ts';
import type { WrittenConfiguration } from './configuration-schema.ts';
import type { Finding } from './finding.ts';
import { quoted } from './input-error.ts';

/** A week, as cluster schedulers have it: what was used on Monday still counts half on the next one. */
const HALF_LIFE_MS = 7 * 24 * 3_600_000;
/** A pool is full of new tasks once or twice by then. */
const MAX_PASSED_OVER = 10;

type Written = WrittenConfiguration['dispatcher'];

/** What a policy is called, or the absolute path of its module; relative ones start where all paths do. */
const policyOf = (
  written: Written,
  absolute: (path: string) => string,
): Pick<SchedulingSettings, 'schedulingPolicy' | 'policyModule'> => {
  const policy = written?.scheduling_policy ?? 'priority';
  const schedulingPolicy = POLICIES.find((name) => name === policy);
  if (schedulingPolicy === undefined) return { schedulingPolicy: 'custom', policyModule: absolute(policy) };
  const isOff = schedulingPolicy === 'priority' && written?.priority?.enabled === false;
  return { schedulingPolicy: isOff ? 'fifo' : schedulingPolicy, policyModule: null };
};

/** In which order tasks are taken, with the defaults filled in. */
export const schedulingSettingsOf = (written: Written, absolute: (path: string) => string): SchedulingSettings => {
  const passed = written?.backfill?.max_passed_over ?? MAX_PASSED_OVER;
  return {
    ...policyOf(written, absolute),
    usesPriority: written?.priority?.enabled ?? true,
    ageingPerMs: written?.priority?.ageing ?? 0,
    fairShareHalfLifeMs: written?.fair_share?.half_life ?? HALF_LIFE_MS,
    maxPassedOver: passed === 'unlimited' ? Number.POSITIVE_INFINITY : passed,
  };
};

/** A module that is not there is said where it is named. */
export const policyFindings = ({ dispatcher }: WrittenConfiguration, absolute: (path: string) => string): readonly Finding[] => {
  const { policyModule } = policyOf(dispatcher, absolute);
  if (policyModule === null || existsSync(policyModule)) return [];
  const message = `there is no file ${quoted(policyModule, 400)}; write the policy there, or name one of ${POLICIES.join(', ')}`;
  return [{ path: ['dispatcher', 'scheduling_policy'], complaint: { kind: 'said', message } }];
};
