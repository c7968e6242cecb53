import type { TaskState } from '../../domain/task.ts';
import { colours } from '../io.ts';

/** A task's state in its colour. */
export const stateColour = (state: TaskState, text: string = state): string => {
  switch (state) {
    case 'done':
      return colours.green(text);
    case 'failed':
      return colours.red(text);
    case 'running':
      return colours.cyan(text);
    case 'ready':
      return colours.blue(text);
    case 'parked':
      return colours.yellow(text);
    case 'blocked':
    case 'cancelled':
    case 'skipped':
      return colours.dim(text);
  }
};

/** `12 done, 3 running`, without what there is none of. */
export const countsLine = (counts: Readonly<Record<TaskState, number>>): string =>
  (Object.entries(counts) as [TaskState, number][])
    .filter(([, count]) => count > 0)
    .map(([state, count]) => stateColour(state, `${count} ${state}`))
    .join(', ') || 'no tasks';
