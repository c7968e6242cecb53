import type { TaskId } from '../domain/ids.ts';
import type { TaskSet } from '../domain/task.ts';
import type { PlanBox, PlanFinding } from '../importers/markdown/plan.ts';

export interface TaskSetOptions {
  /** Accepts sets whose tasks wait for each other. */
  readonly force?: boolean;
  /** Of a Markdown plan: no task waits for another only because it stands below it. */
  readonly parallel?: boolean;
}

/** A task set with what a person may want to know of the text it was read from. */
export interface LoadedPlan {
  readonly set: TaskSet;
  /** What could have been read in another way; Markdown only. */
  readonly findings: readonly PlanFinding[];
  /** Boxes of a Markdown plan; `null` for YAML and JSON. */
  readonly boxes: readonly PlanBox[] | null;
  /** Lines of the tasks, from 1. */
  readonly lines: () => ReadonlyMap<TaskId, number>;
}
