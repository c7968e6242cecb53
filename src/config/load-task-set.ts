import { err, ok, type Result } from '../domain/result.ts';
import type { TaskSet } from '../domain/task.ts';
import { findingsOf, locateFindings } from './finding.ts';
import type { InputError } from './input-error.ts';
import { keepSpelling } from './keep-spelling.ts';
import { specOf, taskSetOf } from './task-definition.ts';
import { resolveDependencies } from './task-dependencies.ts';
import { taskSetSchema } from './task-set-schema.ts';
import { readTextFile } from './text-file.ts';
import { parseYamlDocument, type YamlDocument } from './yaml-document.ts';

/** The longest task set that is read: three times what 100,000 tasks need. */
export const MAX_TASK_SET_BYTES = 64 * 2 ** 20;

/** A file by its name, or text that is here already, with what to call it in errors. */
export type TaskSetSource = string | { readonly text: string; readonly name: string };

export interface TaskSetOptions {
  /** Accepts sets whose tasks wait for each other. */
  readonly force?: boolean;
}

const whole = (file: string, message: string): Result<never, readonly InputError[]> =>
  err([{ file, line: null, path: '', message }]);

const textOf = (source: TaskSetSource): Result<{ readonly file: string; readonly text: string }, InputError> => {
  if (typeof source !== 'string') {
    const { text, name: file } = source;
    const problem = (message: string): Result<never, InputError> => err({ file, line: null, path: '', message });
    if (text.length > MAX_TASK_SET_BYTES) return problem('is longer than 64 MiB; expected at most that; split it');
    if (text.includes('\0')) return problem('has a NUL character; expected YAML or JSON text');
    return ok({ file, text: text.startsWith('\uFEFF') ? text.slice(1) : text });
  }
  const text = readTextFile(source, MAX_TASK_SET_BYTES);
  return text.ok ? ok({ file: source, text: text.value }) : text;
};

const check = (document: YamlDocument, force: boolean): Result<TaskSet, readonly InputError[]> => {
  if (document.value === undefined) {
    return whole(document.file, 'is empty (or holds only comments); expected name: and tasks:; write a task set');
  }
  keepSpelling(document);
  const parsed = taskSetSchema.safeParse(document.value);
  if (!parsed.success) return err(locateFindings(document, findingsOf(parsed.error)));
  const { keys, findings } = resolveDependencies(specOf(parsed.data), parsed.data.tasks, force);
  return findings.length > 0 ? err(locateFindings(document, findings)) : ok(taskSetOf(parsed.data, keys));
};

/**
 * Reads a task set in YAML or JSON. Never throws over what it reads, whatever that is; every error
 * is one line with its place (see `formatInputErrors`).
 *
 * @example loadTaskSet('plan.yaml')
 */
export const loadTaskSet = (
  source: TaskSetSource,
  options: TaskSetOptions = {},
): Result<TaskSet, readonly InputError[]> => {
  const file = typeof source === 'string' ? source : source.name;
  if (/\.(md|markdown)$/i.test(file)) {
    return whole(file, 'is Markdown, which is not read yet; expected YAML or JSON; write the tasks as YAML');
  }
  const text = textOf(source);
  if (!text.ok) return err([text.error]);
  const document = parseYamlDocument(text.value.text, text.value.file);
  return document.ok ? check(document.value, options.force ?? false) : err([document.error]);
};
