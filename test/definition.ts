import { taskId } from '../src/domain/ids.ts';
import type { TaskDefinition } from '../src/domain/task.ts';

/** A task that runs `true` and asks for nothing, but for what `rest` says. */
export const definition = (id: string, rest: Partial<TaskDefinition> = {}): TaskDefinition => ({
  id: taskId(id),
  title: id,
  description: '',
  dependencies: [],
  requiredSkill: null,
  priority: 0,
  command: ['true'],
  env: {},
  resources: { cpu: null, memory: null },
  timeoutMs: null,
  stallTimeoutMs: null,
  retry: {},
  concurrencyKey: null,
  optional: false,
  group: false,
  metadata: {},
  ...rest,
});
