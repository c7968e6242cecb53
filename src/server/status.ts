import type { PoolSettings } from '../domain/settings.ts';
import type { TaskState } from '../domain/task.ts';

export interface PoolStatus {
  readonly name: string;
  readonly type: string;
  readonly state: string;
  readonly max_concurrency: number;
  readonly running: number;
}

/** `status --json` and `GET /api/v1/status`. */
export interface StatusReport {
  readonly tasks: Readonly<Record<TaskState, number>>;
  readonly pools: readonly PoolStatus[];
  /** Runners alive or on their way. */
  readonly runners: number;
}

export const poolStatus = (settings: PoolSettings, running: number, state?: string): PoolStatus => ({
  name: settings.name,
  type: settings.type,
  state: state ?? (settings.enabled ? 'enabled' : 'disabled'),
  max_concurrency: settings.maxConcurrency,
  running,
});
