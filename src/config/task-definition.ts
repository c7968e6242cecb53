import { specName, taskId, type SpecName, type TaskKey } from '../domain/ids.ts';
import type { EnvironmentSource } from '../domain/secrets.ts';
import type { RetrySettings, TaskDefinition, TaskSet } from '../domain/task.ts';
import type { WrittenDefaults, WrittenTask, WrittenTaskSet } from './task-set-schema.ts';

type Maybe<T> = T | null | undefined;

interface WrittenRetry {
  readonly max_attempts?: Maybe<number>;
  readonly initial_interval?: Maybe<number>;
  readonly backoff_base?: Maybe<number>;
  readonly max_interval?: Maybe<number>;
  readonly jitter?: Maybe<number>;
  readonly retryable_exit_codes?: Maybe<readonly number[]>;
  readonly permanent_exit_codes?: Maybe<readonly number[]>;
  readonly throttled_exit_codes?: Maybe<readonly number[]>;
  readonly retryable_output?: Maybe<string>;
  readonly permanent_output?: Maybe<string>;
  readonly throttled_output?: Maybe<string>;
}

/** A retry policy with only what was written, under the domain's names. */
export const retryOf = (written: Maybe<WrittenRetry>): Partial<RetrySettings> => ({
  ...(written?.max_attempts == null ? {} : { maxAttempts: written.max_attempts }),
  ...(written?.initial_interval == null ? {} : { initialIntervalMs: written.initial_interval }),
  ...(written?.backoff_base == null ? {} : { backoffBase: written.backoff_base }),
  ...(written?.max_interval == null ? {} : { maxIntervalMs: written.max_interval }),
  ...(written?.jitter == null ? {} : { jitter: written.jitter }),
  ...(written?.retryable_exit_codes == null ? {} : { retryableExitCodes: written.retryable_exit_codes }),
  ...(written?.permanent_exit_codes == null ? {} : { permanentExitCodes: written.permanent_exit_codes }),
  ...(written?.throttled_exit_codes == null ? {} : { throttledExitCodes: written.throttled_exit_codes }),
  ...(written?.retryable_output == null ? {} : { retryableOutput: written.retryable_output }),
  ...(written?.permanent_output == null ? {} : { permanentOutput: written.permanent_output }),
  ...(written?.throttled_output == null ? {} : { throttledOutput: written.throttled_output }),
});

/** Values as written, apart from those that are only named. */
const environmentOf = (
  written: Readonly<Record<string, string | EnvironmentSource>>,
): Pick<TaskDefinition, 'env' | 'envFrom'> => {
  const env: Record<string, string> = {};
  const envFrom: Record<string, EnvironmentSource> = {};
  for (const [name, value] of Object.entries(written)) {
    if (typeof value === 'string') env[name] = value;
    else envFrom[name] = value;
  }
  return Object.keys(envFrom).length === 0 ? { env } : { env, envFrom };
};

const definitionOf = (
  task: WrittenTask,
  defaults: Maybe<WrittenDefaults>,
  dependencies: readonly TaskKey[],
): TaskDefinition => ({
  id: taskId(task.id),
  title: task.title?.trim() || task.id,
  description: task.description ?? defaults?.description ?? '',
  dependencies,
  requiredSkill: task.required_skill ?? defaults?.required_skill ?? null,
  priority: task.priority ?? defaults?.priority ?? 0,
  command: task.command ?? defaults?.command ?? null,
  ...environmentOf({ ...defaults?.env, ...task.env }),
  resources: {
    cpu: task.resources?.cpu ?? defaults?.resources?.cpu ?? null,
    memory: task.resources?.memory ?? defaults?.resources?.memory ?? null,
  },
  timeoutMs: task.timeout ?? defaults?.timeout ?? null,
  stallTimeoutMs: task.stall_timeout ?? defaults?.stall_timeout ?? null,
  retry: { ...retryOf(defaults?.retry), ...retryOf(task.retry) },
  concurrencyKey: task.concurrency_key ?? defaults?.concurrency_key ?? null,
  optional: task.optional ?? defaults?.optional ?? false,
  group: task.group ?? false,
  metadata: { ...defaults?.metadata, ...task.metadata },
});

/** The name of a written set as the domain's. */
export const specOf = (written: WrittenTaskSet): SpecName => specName(written.name);

/**
 * A written set as the domain sees it. `defaults` fill in what a task leaves out; `env`, `resources`,
 * `retry` and `metadata` are merged key by key, the task's own winning; the rest is replaced whole.
 *
 * @param dependencies of each task, as full keys
 */
export const taskSetOf = (written: WrittenTaskSet, dependencies: readonly (readonly TaskKey[])[]): TaskSet => ({
  name: specOf(written),
  repo: written.repo ?? null,
  weight: written.weight ?? 1,
  maxConcurrency: written.max_concurrency ?? null,
  tasks: written.tasks.map((task, i) => definitionOf(task, written.defaults, dependencies[i] ?? [])),
  done: (written.done ?? []).map(taskId),
});
