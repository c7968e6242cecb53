import type { TaskState } from '../../domain/task.ts';

/** Whether a task in this state lets those go on that depend on it (spec, "Task states"). */
export const satisfies = (state: TaskState | 'missing', optional: boolean): boolean =>
  state === 'done' || state === 'skipped' || (state === 'failed' && optional);
