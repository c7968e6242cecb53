import type { PoolType } from './engine-settings.ts';

/** Where a container or pod has what the dispatcher gives it. */
export const INSIDE = {
  slot: '/workspace',
  runDir: '/run/dispatcher',
  secrets: '/run/secrets',
} as const;

/** Folders as a runner sees them. */
export interface RunnerPaths {
  readonly slot: string;
  readonly runDir: string;
}

/** A process of this machine sees its folders as they are, all others under the same names everywhere. */
export const runnerPaths = (type: PoolType, here: RunnerPaths): RunnerPaths =>
  type === 'local-process' ? here : { slot: INSIDE.slot, runDir: INSIDE.runDir };
