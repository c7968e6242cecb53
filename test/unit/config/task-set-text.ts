import assert from 'node:assert/strict';
import { formatInputErrors } from '../../../src/config/input-error.ts';
import { loadTaskSet, type TaskSetOptions } from '../../../src/config/load-task-set.ts';
import type { TaskSet } from '../../../src/domain/task.ts';

/** Loads a set that must be fine. */
export const loaded = (text: string, options: TaskSetOptions = {}): TaskSet => {
  const result = loadTaskSet({ text, name: 'plan.yaml' }, options);
  assert.ok(result.ok, result.ok ? '' : formatInputErrors(result.error).join('\n'));
  return result.value;
};

/** The lines that refuse a set that must not be fine. */
export const refused = (text: string, options: TaskSetOptions = {}): readonly string[] => {
  const result = loadTaskSet({ text, name: 'plan.yaml' }, options);
  assert.equal(result.ok, false, 'expected it to be refused');
  return result.ok ? [] : formatInputErrors(result.error);
};
