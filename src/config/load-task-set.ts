import { taskId, type TaskId } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { TaskSet } from '../domain/task.ts';
import { findingsOf, locateFindings, type Finding } from './finding.ts';
import { quoted, type InputError } from './input-error.ts';
import { keepSpelling } from './keep-spelling.ts';
import type { LoadedPlan, TaskSetOptions } from './loaded-plan.ts';
import { markdownTaskSet } from './markdown-task-set.ts';
import { specOf, taskSetOf } from './task-definition.ts';
import { resolveDependencies } from './task-dependencies.ts';
import { taskSetSchema, type WrittenTaskSet } from './task-set-schema.ts';
import { readTextFile } from './text-file.ts';
import { parseYamlDocument, type YamlDocument } from './yaml-document.ts';
import { locateAll } from './yaml-location.ts';

/** The longest task set that is read: three times what 100,000 tasks need. */
export const MAX_TASK_SET_BYTES = 64 * 2 ** 20;

export type { TaskSetOptions } from './loaded-plan.ts';

/** A file by its name, or text that is here already, with what to call it in errors. */
export type TaskSetSource = string | { readonly text: string; readonly name: string };

const whole = (file: string, message: string): Result<never, readonly InputError[]> =>
  err([{ file, line: null, path: '', message }]);

/** Whether a file of this name is read as Markdown. */
export const isMarkdown = (file: string): boolean => /\.(?:md|markdown)$/i.test(file);

const textOf = (
  source: TaskSetSource,
  expected: string,
): Result<{ readonly file: string; readonly text: string }, InputError> => {
  if (typeof source !== 'string') {
    const { text, name: file } = source;
    const problem = (message: string): Result<never, InputError> => err({ file, line: null, path: '', message });
    if (text.length > MAX_TASK_SET_BYTES) return problem('is longer than 64 MiB; expected at most that; split it');
    if (text.includes('\0')) return problem(`has a NUL character; expected ${expected} text`);
    return ok({ file, text: text.startsWith('\uFEFF') ? text.slice(1) : text });
  }
  const text = readTextFile(source, MAX_TASK_SET_BYTES, expected);
  return text.ok ? ok({ file: source, text: text.value }) : text;
};

const unknownDone = ({ done, tasks }: WrittenTaskSet): readonly Finding[] => {
  const ids = new Set(tasks.map(({ id }) => id));
  return (done ?? []).flatMap((id, i): readonly Finding[] => {
    const message = `no task of this set has the id ${quoted(id)}; expected one of its ids; take it out`;
    return ids.has(id) ? [] : [{ path: ['done', i], complaint: { kind: 'said', message } }];
  });
};

const linesIn = (document: YamlDocument, tasks: TaskSet['tasks']): ReadonlyMap<TaskId, number> => {
  const located = locateAll(document, tasks.map((_, i) => ['tasks', i, 'id']));
  return new Map(tasks.map(({ id }, i) => [taskId(id), located[i]?.line ?? 1]));
};

const check = (document: YamlDocument, force: boolean): Result<LoadedPlan, readonly InputError[]> => {
  if (document.value === undefined) {
    return whole(document.file, 'is empty (or holds only comments); expected name: and tasks:; write a task set');
  }
  keepSpelling(document);
  const parsed = taskSetSchema.safeParse(document.value);
  if (!parsed.success) return err(locateFindings(document, findingsOf(parsed.error)));
  const resolved = resolveDependencies(specOf(parsed.data), parsed.data.tasks, force);
  const findings = [...resolved.findings, ...unknownDone(parsed.data)];
  if (findings.length > 0) return err(locateFindings(document, findings));
  const set = taskSetOf(parsed.data, resolved.keys);
  return ok({ set, findings: [], boxes: null, lines: () => linesIn(document, set.tasks) });
};

/**
 * Reads a task set in YAML or JSON, or, by the name of its file, in Markdown. Never throws over what it
 * reads, whatever that is; every error is one line with its place (see `formatInputErrors`).
 */
export const loadPlan = (
  source: TaskSetSource,
  options: TaskSetOptions = {},
): Result<LoadedPlan, readonly InputError[]> => {
  const name = typeof source === 'string' ? source : source.name;
  const isPlan = isMarkdown(name);
  const text = textOf(source, isPlan ? 'Markdown' : 'YAML or JSON');
  if (!text.ok) return err([text.error]);
  if (isPlan) return markdownTaskSet(text.value.text, text.value.file, options);
  const document = parseYamlDocument(text.value.text, text.value.file);
  return document.ok ? check(document.value, options.force ?? false) : err([document.error]);
};

/**
 * The task set alone.
 *
 * @example loadTaskSet('plan.yaml')
 */
export const loadTaskSet = (
  source: TaskSetSource,
  options: TaskSetOptions = {},
): Result<TaskSet, readonly InputError[]> => {
  const plan = loadPlan(source, options);
  return plan.ok ? ok(plan.value.set) : plan;
};
