import { basename, dirname, resolve } from 'node:path';
import { taskId } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { TaskSet } from '../domain/task.ts';
import { readMarkdownPlan } from '../importers/markdown/read-plan.ts';
import { nameProblem } from './field.ts';
import type { InputError } from './input-error.ts';
import type { LoadedPlan, TaskSetOptions } from './loaded-plan.ts';
import { taskSetOf } from './task-definition.ts';
import { resolveDependencies } from './task-dependencies.ts';
import type { WrittenTaskSet } from './task-set-schema.ts';

const LONGEST_NAME = 100;
const FALLBACK = 'plan';

/**
 * The name of the set that a Markdown file holds: that of its folder for `tasks.md`, as Kiro has it
 * (`.kiro/specs/<name>/tasks.md`), else that of the file.
 */
const planName = (file: string): string => {
  const stem = basename(file).replace(/\.[^.]*$/, '');
  const folder = basename(dirname(resolve(file)));
  const wished = /^tasks$/i.test(stem) && folder !== '' ? folder : stem;
  const name = wished
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}/]/gu, '-')
    .replaceAll(/\p{Zs}+/gu, ' ')
    .slice(0, LONGEST_NAME)
    .toWellFormed()
    .trim();
  return nameProblem(name, false) === null ? name : FALLBACK;
};

/** Reads the text of a Markdown plan as a task set. */
export const markdownTaskSet = (
  text: string,
  file: string,
  { force = false, parallel = false }: TaskSetOptions,
): Result<LoadedPlan, readonly InputError[]> => {
  const plan = readMarkdownPlan(text, { parallel });
  if (!plan.ok) return err([{ file, line: plan.error.line, path: '', message: plan.error.message }]);
  const { tasks, done, findings, boxes } = plan.value;
  const written: WrittenTaskSet = {
    name: planName(file),
    tasks: tasks.map(({ line: _line, dependencies, metadata, ...task }) => ({
      ...task,
      dependencies: [...dependencies],
      metadata: { ...metadata },
    })),
    done: [...done],
  };
  const resolved = resolveDependencies(taskSetOf(written, []).name, written.tasks, force);
  if (resolved.findings.length > 0) {
    return err(
      resolved.findings.map(({ path, complaint }): InputError => {
        const line = typeof path[1] === 'number' ? (tasks[path[1]]?.line ?? null) : null;
        return { file, line, path: '', message: complaint.kind === 'said' ? complaint.message : 'cannot be read' };
      }),
    );
  }
  return ok({
    set: taskSetOf(written, resolved.keys),
    findings,
    boxes,
    lines: () => new Map(tasks.map(({ id, line }) => [taskId(id), line])),
  });
};

/** What JSON leaves as it is and YAML, which the text is read as, does not take. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

const escaped = (char: string): string =>
  Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join('');

/** A set read from Markdown as JSON that reads as the same set, for one who takes YAML and JSON only. */
export const markdownSetAsJson = ({ name, tasks, done }: TaskSet): string =>
  JSON.stringify({
    name,
    tasks: tasks.map(({ id, title, description, dependencies, optional, group, metadata }) => ({
      id,
      title,
      description,
      dependencies,
      optional,
      group,
      metadata,
    })),
    done,
  }).replaceAll(UNPRINTABLE, escaped);
