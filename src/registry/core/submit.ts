import { portError, type PortError } from '../../domain/failures.ts';
import { parseTaskKey, taskKey, type TaskKey } from '../../domain/ids.ts';
import {
  definitionText,
  freshName,
  planResubmission,
  renamed,
  type ChangedDone,
  type KnownTask,
  type ResubmissionPlan,
} from '../../domain/resubmission.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { TaskSet } from '../../domain/task.ts';
import type { SubmitReport, SubmitRequest } from '../../ports/task-registry.ts';
import { Submission } from './submission.ts';
import type { Tables } from './tables.ts';

/** SQLite stores UTF-8: half a surrogate pair would come back as another character, and a NUL ends some readings. */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');

/** What would make two tasks one, or a task that cannot be named. `null`: nothing. */
const problemOf = (set: TaskSet): string | null => {
  if (set.name === '' || set.name.includes('/') || !isStorable(set.name)) {
    return `task set name "${set.name}": expected a name of whole characters, not empty, without a slash`;
  }
  const seen = new Set<TaskKey>();
  for (const { id, dependencies } of set.tasks) {
    const key = taskKey(set.name, id);
    if (id === '' || !isStorable(id)) {
      return `task set ${set.name}: id "${id}": expected one of whole characters, not empty`;
    }
    if (seen.has(key)) return `task set ${set.name}: two tasks have the id "${id}"; rename one`;
    seen.add(key);
    const wrong = dependencies.find((dependency) => parseTaskKey(dependency) === null);
    if (wrong !== undefined) return `task ${key}: dependency "${wrong}": expected spec/id`;
  }
  return null;
};

/** Decides by the domain's `planResubmission`, and carries it out unless it has to be refused. */
export const submit = (tables: Tables, request: SubmitRequest): Result<SubmitReport, PortError> => {
  const asked = request.set;
  const problem = problemOf(asked);
  if (problem !== null) return err(portError('invalid', problem));
  const set = request.fresh ? renamed(asked, freshName(asked.name, tables.setNames())) : asked;
  const stored = tables.tasksOfSet(set.name);
  const known = stored.map(
    ({ row, definition }): KnownTask => ({ key: row.key, state: row.state, definition, reason: row.reason }),
  );
  const decided = decide(set, known, request.changedDone);
  if (!decided.ok) return decided;
  const { plan, texts } = decided.value;
  const accepted = request.changedDone !== 'refuse' || plan.changedDone.length === 0;
  if (accepted) {
    new Submission(tables, { ...request, set }, stored, plan, texts).carryOut();
  }
  return ok({ ...plan, spec: set.name, accepted });
};

interface Decision {
  readonly plan: ResubmissionPlan;
  /** Definitions of the tasks that are added or replaced, as they will be stored. */
  readonly texts: ReadonlyMap<TaskKey, string>;
}

/** Before anything is written: metadata may hold itself (a YAML alias can do that), and has no text then. */
const decide = (set: TaskSet, known: readonly KnownTask[], mode: ChangedDone): Result<Decision, PortError> => {
  try {
    const plan = planResubmission(known, set, mode);
    const begun = new Set([...plan.added, ...plan.replaced]);
    const texts = new Map<TaskKey, string>();
    for (const task of set.tasks) {
      const key = taskKey(set.name, task.id);
      if (begun.has(key)) texts.set(key, definitionText(task));
    }
    return ok({ plan, texts });
  } catch (thrown) {
    return err(notJson(set, thrown));
  }
};

/** The error for a set that cannot be written as JSON. */
export const notJson = (set: TaskSet, thrown: unknown): PortError => {
  const why = thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown);
  return portError('invalid', `task set ${set.name}: a task is not plain data (${why}); look for a loop in metadata`);
};
