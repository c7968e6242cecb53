import { portError, type PortError } from '../../domain/failures.ts';
import { parseTaskKey, taskKey, type TaskKey } from '../../domain/ids.ts';
import { freshName, planResubmission, renamed, type KnownTask } from '../../domain/resubmission.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { TaskSet } from '../../domain/task.ts';
import type { SubmitReport, SubmitRequest } from '../../ports/task-registry.ts';
import { Submission } from './submission.ts';
import type { Tables } from './tables.ts';

/** What would make two tasks one, or a task that cannot be named. `null`: nothing. */
const problemOf = (set: TaskSet): string | null => {
  if (set.name === '' || set.name.includes('/')) {
    return `task set name "${set.name}": expected a name that is not empty and has no slash`;
  }
  const seen = new Set<TaskKey>();
  for (const { id, dependencies } of set.tasks) {
    const key = taskKey(set.name, id);
    if (id === '') return `task set ${set.name}: a task has an empty id; give it one`;
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
  const plan = planResubmission(known, set, request.changedDone);
  const accepted = request.changedDone !== 'refuse' || plan.changedDone.length === 0;
  if (accepted) new Submission(tables, request, set, stored.map(({ row }) => row), plan).carryOut();
  return ok({ ...plan, spec: set.name, accepted });
};
