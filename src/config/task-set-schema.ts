import { z } from 'zod';
import {
  count,
  cpu,
  field,
  flag,
  listOf,
  mapOf,
  memory,
  name,
  number,
  positiveDuration,
  record,
  spelled,
  text,
} from './field.ts';
import { commandSchema, retrySchema, taskEnvironmentSchema } from './shared-schema.ts';

const priority = number({ min: -1_000_000_000, max: 1_000_000_000, whole: true });

/** What a task and the set's `defaults` may both say. */
const shared = {
  description: field(spelled('text')).nullish(),
  required_skill: field(name('skill')).nullish(),
  priority: field(priority).nullish(),
  command: commandSchema.nullish(),
  env: taskEnvironmentSchema.nullish(),
  resources: record({ cpu: field(cpu).nullish(), memory: field(memory).nullish() }).nullish(),
  timeout: field(positiveDuration).nullish(),
  stall_timeout: field(positiveDuration).nullish(),
  retry: retrySchema((kind) => kind).nullish(),
  concurrency_key: field(name('concurrency key')).nullish(),
  optional: field(flag).nullish(),
  metadata: mapOf(z.unknown(), 'a mapping of your own').nullish(),
};

const taskSchema = record(
  {
    id: field(name('id')),
    title: field(spelled('text')).nullish(),
    dependencies: listOf(
      field(name('dependency')),
      'a list of ids; write ["first", "second"], or [] for none',
    ).nullish(),
    group: field(flag).nullish(),
    ...shared,
  },
  'a task: a mapping with id and command',
);

/** A task set as it is written. Durations are in ms after it, memory in MB, CPU in cores. */
export const taskSetSchema = record(
  {
    name: field(name('name', { mayHoldSlash: false })),
    repo: field(text('the place of a repository as text')).nullish(),
    weight: field(number({ min: 0.001, max: 1_000_000 })).nullish(),
    max_concurrency: field(count).nullish(),
    defaults: record(shared, 'a mapping with what tasks have in common').nullish(),
    tasks: listOf(taskSchema, 'a list of tasks; write tasks: and below it one task after each "- "').min(1, {
      error: () => 'at least one task',
    }),
    done: listOf(field(name('id')), 'a list of ids of tasks that are done already').nullish(),
  },
  'a mapping with name and tasks',
);

export type WrittenTaskSet = z.output<typeof taskSetSchema>;
export type WrittenTask = WrittenTaskSet['tasks'][number];
export type WrittenDefaults = NonNullable<WrittenTaskSet['defaults']>;
