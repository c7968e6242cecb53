import type { ReadyTask, TaskDefinition, TaskView } from '../domain/task.ts';
import type { TaskDetail } from '../ports/task-registry.ts';
import type { Scheduler } from '../scheduling/scheduler.ts';
import { why, type Why, type WhyQuestion } from '../scheduling/why.ts';
import { isoTime } from './views.ts';

/** What only a live dispatcher knows; without one, a scheduler that knows the configuration. */
export type Present = Pick<WhyQuestion, 'dispatcher' | 'wall' | 'monotonic'> & { readonly scheduler: Scheduler };

/** The task as the scheduler would see it. What its set may run at once, only a live one knows of. */
const asReady = (view: TaskView, definition: TaskDefinition): ReadyTask => ({
  key: view.key,
  spec: view.spec,
  requiredSkill: view.requiredSkill,
  priority: view.priority,
  position: 0,
  cpu: definition.resources.cpu,
  memory: definition.resources.memory,
  concurrencyKey: definition.concurrencyKey,
  specMaxConcurrency: null,
  specWeight: 1,
  fence: view.attempts,
  notBefore: view.notBefore,
  readyAt: 0,
});

export const explained = ({ view, definition, waitsFor }: TaskDetail, present: Present): Why =>
  why({ task: view, waitsFor, ready: asReady(view, definition), ...present });

/** As `why --json` and the API show it. */
export const whyJson = ({ code, text, dependencies, shortages, until }: Why) => ({
  code,
  text,
  dependencies: dependencies.map(({ key, state, never }) => ({ task: key, state, never })),
  shortages,
  until: isoTime(until),
});
