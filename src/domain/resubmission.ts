import { specName, taskKey, type SpecName, type TaskKey } from './ids.ts';
import { isTerminal, type TaskDefinition, type TaskSet, type TaskState } from './task.ts';

/** What to do with tasks that are done but whose definition has changed since. */
export type ChangedDone = 'refuse' | 'redo' | 'keep';

/** A task of the set as the registry has it. `definition` is {@link definitionText}. */
export interface KnownTask {
  readonly key: TaskKey;
  readonly state: TaskState;
  readonly definition: string;
  readonly reason: string | null;
}

/** What submitting a set again does, task by task; keys only. */
export interface ResubmissionPlan {
  readonly added: readonly TaskKey[];
  readonly replaced: readonly TaskKey[];
  readonly unchanged: readonly TaskKey[];
  /** No longer in the set, and still waiting. */
  readonly cancelled: readonly TaskKey[];
  /** Changed or removed, but running or otherwise not to be touched. */
  readonly untouched: readonly TaskKey[];
  /** Done, changed, and left as they are (`keep`) or, with `refuse`, the reason of the refusal. */
  readonly changedDone: readonly TaskKey[];
  /** Not started, and marked as done in the plan: done from now on. Each is in another list, too. */
  readonly markedDone: readonly TaskKey[];
}

/** Why a task was cancelled when it left its set; such a one comes back when it is written again. */
export const REMOVED_FROM_SET = 'removed from the task set';

/** A definition as text: two definitions are the same exactly if their texts are. */
export const definitionText = (task: TaskDefinition): string => JSON.stringify(task, canonical);

const canonical = (_key: string, value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** What the plan marks as done and nobody has begun; `--redo-changed` outranks the mark. */
const isMarked = (old: KnownTask | undefined, fate: keyof ResubmissionPlan): boolean => {
  if (fate === 'added') return true;
  if (fate === 'replaced') return old?.state !== 'done';
  return fate === 'unchanged' && (old?.state === 'blocked' || old?.state === 'ready');
};

/** Decides, changes nothing. The caller refuses the submission if `changedDone` and mode `refuse`. */
export const planResubmission = (
  known: Iterable<KnownTask>,
  set: TaskSet,
  mode: ChangedDone,
): ResubmissionPlan => {
  const before = new Map([...known].map((task) => [task.key, task]));
  const plan = {
    added: [] as TaskKey[],
    replaced: [] as TaskKey[],
    unchanged: [] as TaskKey[],
    cancelled: [] as TaskKey[],
    untouched: [] as TaskKey[],
    changedDone: [] as TaskKey[],
    markedDone: [] as TaskKey[],
  };
  const marked = new Set(set.done);
  for (const task of set.tasks) {
    const key = taskKey(set.name, task.id);
    const old = before.get(key);
    before.delete(key);
    const fate = old === undefined ? 'added' : fateOf(old, task, mode);
    plan[fate].push(key);
    if (marked.has(task.id) && isMarked(old, fate)) plan.markedDone.push(key);
  }
  for (const [key, old] of before) {
    if (isTerminal(old.state)) continue;
    if (old.state === 'running') plan.untouched.push(key);
    else plan.cancelled.push(key);
  }
  return plan;
};

const fateOf = (old: KnownTask, task: TaskDefinition, mode: ChangedDone): keyof ResubmissionPlan => {
  if (old.state === 'cancelled' && old.reason === REMOVED_FROM_SET) return 'replaced';
  if (old.definition === definitionText(task)) return 'unchanged';
  if (old.state === 'running') return 'untouched';
  // Nothing runs for a group: being done again costs nothing, and a new child has to be waited for.
  if (old.state !== 'done' || task.group) return 'replaced';
  return mode === 'redo' ? 'replaced' : 'changedDone';
};

/** The name of the next run of a set: `name`, `name@2`, `name@3` … */
export const freshName = (name: SpecName, taken: Iterable<string>): SpecName => {
  const used = new Set(taken);
  if (!used.has(name)) return name;
  let run = 2;
  while (used.has(`${name}@${run}`)) run += 1;
  return specName(`${name}@${run}`);
};

/** The same set under another name; dependencies inside the set follow it. */
export const renamed = (set: TaskSet, name: SpecName): TaskSet => {
  const inside = `${set.name}/`;
  const follow = (key: TaskKey): TaskKey =>
    key.startsWith(inside) ? (`${name}/${key.slice(inside.length)}` as TaskKey) : key;
  return {
    ...set,
    name,
    tasks: set.tasks.map((task) => ({ ...task, dependencies: task.dependencies.map(follow) })),
  };
};
