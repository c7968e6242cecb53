import { definition as plain } from '../../definition.ts';
import { poolName, slotId, specName, runnerId, type TaskKey } from '../../../src/domain/ids.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { RetryPolicy, TaskDefinition, TaskSet } from '../../../src/domain/task.ts';
import type { RunnerHandle } from '../../../src/ports/launcher.ts';
import type { Holder } from '../../../src/ports/task-registry.ts';

export const key = (text: string): TaskKey => text as TaskKey;

export const holder: Holder = { pid: process.pid, startTime: '1', bootId: 'boot', host: 'here', since: 1_000 };

/** One retry after a second, then failed. */
export const twice: RetryPolicy = {
  maxAttempts: 2,
  initialIntervalMs: 1_000,
  backoffBase: 2,
  maxIntervalMs: 60_000,
  jitter: 0,
};

type Sketch = Partial<Omit<TaskDefinition, 'id' | 'dependencies'>> & { readonly needs?: readonly string[] };

/** `needs` as in a file: an id of the same set, or a full key. */
export const definition = (spec: string, id: string, { needs = [], ...rest }: Sketch = {}): TaskDefinition =>
  plain(id, {
    title: `Task ${id}`,
    dependencies: needs.map((need) => key(need.includes('/') ? need : `${spec}/${need}`)),
    ...rest,
  });

/** @example taskSet('build', { compile: {}, test: { needs: ['compile'] } }) */
export const taskSet = (
  name: string,
  tasks: Readonly<Record<string, Sketch>>,
  rest: Partial<Omit<TaskSet, 'name' | 'tasks'>> = {},
): TaskSet => ({
  name: specName(name),
  repo: null,
  weight: 1,
  maxConcurrency: null,
  done: [],
  ...rest,
  tasks: Object.entries(tasks).map(([id, sketch]) => definition(name, id, sketch)),
});

export const succeeded: Outcome = { kind: 'succeeded', status: 'done', summary: 'all good' };
export const failed: Outcome = { kind: 'failed', reason: 'exit code 1', retryable: true };
export const failedForGood: Outcome = { kind: 'failed', reason: 'exit code 78', retryable: false };
export const cancelled: Outcome = { kind: 'cancelled', reason: 'by a person' };
export const interrupted: Outcome = { kind: 'interrupted', reason: 'shutdown' };

export const local = poolName('local');
export const slot = slotId('slot-1');

export const runnerOf = (task: string, attempt: number) => runnerId(`r-${task.replace('/', '-')}-${attempt}`);

export const handleOf = (task: string, attempt: number): RunnerHandle => ({
  kind: 'process',
  runnerId: runnerOf(task, attempt),
  pid: 4_242,
  startTime: '77',
  bootId: 'boot',
  runDir: `/runs/${task}`,
});
