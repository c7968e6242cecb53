import { event, type EventType } from '../../domain/events.ts';
import { taskKey, type TaskKey } from '../../domain/ids.ts';
import { parseDuration } from '../../domain/quantities.ts';
import { REMOVED_FROM_SET, type ResubmissionPlan } from '../../domain/resubmission.ts';
import { isTerminal, type TaskDefinition, type TaskSet, type TaskState } from '../../domain/task.ts';
import type { SubmitRequest } from '../../ports/task-registry.ts';
import type { TaskRow } from './rows.ts';
import { satisfies } from './satisfaction.ts';
import type { Tables } from './tables.ts';
import { feedNews, move, nextChange, note, noteTask, satisfyDependents, unblock, unsatisfyDependents } from './transition.ts';

/** What a definition says in columns. */
const columnsOf = (task: TaskDefinition) => ({
  title: task.title,
  priority: task.priority,
  optional: task.optional,
  group: task.group,
  requiredSkill: task.requiredSkill,
  cpu: task.resources.cpu,
  memory: task.resources.memory,
  concurrencyKey: task.concurrencyKey,
  expectedMs: expectedMsOf(task),
});

/** For policies that ask for it; what is no duration says nothing. */
const expectedMsOf = ({ metadata }: TaskDefinition): number | null => {
  const read = parseDuration(metadata['expected_duration']);
  return read.ok ? read.value : null;
};

export interface StoredTask {
  readonly row: TaskRow;
  readonly definition: string;
}

/** A priority that a person has given stays, unless the new definition has another one than the old. */
const priorityOf = (row: TaskRow, before: string, task: TaskDefinition): number => {
  // Only `definitionText` writes what is parsed here.
  const { priority } = JSON.parse(before) as TaskDefinition;
  return priority === task.priority ? row.priority : task.priority;
};

/** Carries out one accepted submission. Inside one transaction; made for one use. */
export class Submission {
  readonly #tables: Tables;
  readonly #request: SubmitRequest;
  readonly #set: TaskSet;
  readonly #plan: ResubmissionPlan;
  readonly #stored: ReadonlyMap<TaskKey, StoredTask>;
  readonly #texts: ReadonlyMap<TaskKey, string>;
  readonly #added: ReadonlySet<TaskKey>;
  /** Tasks that begin from the start: added and replaced ones. */
  readonly #begun: ReadonlySet<TaskKey>;
  readonly #marked: ReadonlySet<TaskKey>;
  readonly #satisfied = new Map<TaskKey, boolean>();

  /** @param texts definitions of the tasks that the plan adds or replaces */
  constructor(
    tables: Tables,
    request: SubmitRequest,
    stored: readonly StoredTask[],
    plan: ResubmissionPlan,
    texts: ReadonlyMap<TaskKey, string>,
  ) {
    this.#tables = tables;
    this.#request = request;
    this.#set = request.set;
    this.#plan = plan;
    this.#texts = texts;
    this.#stored = new Map(stored.map((each) => [each.row.key, each]));
    this.#added = new Set(plan.added);
    this.#begun = new Set([...plan.added, ...plan.replaced]);
    this.#marked = new Set(plan.markedDone);
  }

  carryOut(): void {
    this.#noteSubmission();
    this.#writeSet();
    this.#sendDependentsBack();
    for (const task of this.#set.tasks) {
      const key = taskKey(this.#set.name, task.id);
      const stored = this.#stored.get(key);
      if (this.#added.has(key)) this.#add(key, task);
      else if (stored !== undefined && this.#begun.has(key)) this.#replace(stored, task);
    }
    this.#cancelRemoved();
    this.#completeMarked();
    this.#completeGroups();
    const { cancelled, markedDone } = this.#plan;
    if (this.#begun.size + cancelled.length + markedDone.length > 0) this.#tables.meta.doom += 1;
  }

  #noteSubmission(): void {
    const { added, replaced, unchanged, cancelled, untouched, changedDone, markedDone } = this.#plan;
    const details = {
      added: added.length,
      replaced: replaced.length,
      unchanged: unchanged.length,
      cancelled: cancelled.length,
      untouched: untouched.length,
      changed_done: changedDone.length,
      marked_done: markedDone.length,
      actor: this.#request.actor,
    };
    const { at, actor } = this.#request;
    note(this.#tables, event('TaskSetSubmitted', at, actor, { spec: this.#set.name, details }));
  }

  /** What the scheduler knows of a ready task holds the set's limit and weight, so it is told of both. */
  #writeSet(): void {
    const { name, repo, weight, maxConcurrency } = this.#set;
    const before = this.#tables.set(name);
    this.#tables.putSet({ name, repo, weight, maxConcurrency });
    if (before === undefined) return;
    if (before.weight === weight && before.maxConcurrency === maxConcurrency) return;
    for (const { row } of this.#stored.values()) {
      if (row.state === 'ready') this.#tables.changeTask(row, { change: nextChange(this.#tables) });
    }
  }

  /** Who waits for a task that was done and is to be done again, waits again. */
  #sendDependentsBack(): void {
    for (const key of this.#plan.replaced) {
      const row = this.#stored.get(key)?.row;
      if (row !== undefined && satisfies(row.state, row.optional)) {
        unsatisfyDependents(this.#tables, key, this.#request, this.#begun);
      }
    }
  }

  #isSatisfied(key: TaskKey): boolean {
    if (this.#begun.has(key)) return false;
    const known = this.#satisfied.get(key);
    if (known !== undefined) return known;
    const row = this.#tables.task(key);
    const satisfied = row !== undefined && satisfies(row.state, row.optional);
    this.#satisfied.set(key, satisfied);
    return satisfied;
  }

  /** Distinct dependencies, how many of them are open, and the state that follows; what is completed below waits for that. */
  #outset(key: TaskKey, task: TaskDefinition): { dependencies: readonly TaskKey[]; unsatisfied: number; state: TaskState } {
    const dependencies = [...new Set(task.dependencies)];
    const unsatisfied = dependencies.filter((dependency) => !this.#isSatisfied(dependency)).length;
    const waits = unsatisfied > 0 || task.group || this.#marked.has(key);
    return { dependencies, unsatisfied, state: waits ? 'blocked' : 'ready' };
  }

  #add(key: TaskKey, task: TaskDefinition): void {
    const tables = this.#tables;
    const { dependencies, unsatisfied, state } = this.#outset(key, task);
    tables.meta.lastPosition += 1;
    const row: TaskRow = {
      ...columnsOf(task),
      position: tables.meta.lastPosition,
      key,
      spec: this.#set.name,
      id: task.id,
      state,
      unsatisfied,
      fence: 0,
      counted: 0,
      pool: null,
      runnerId: null,
      slotId: null,
      reason: null,
      notBefore: null,
      readyAt: state === 'ready' ? this.#request.at : null,
      cancelActor: null,
      cancelReason: null,
      change: state === 'ready' ? nextChange(tables) : null,
    };
    tables.addTask(row, this.#texts.get(key) ?? '', dependencies);
    tables.tally(row.spec, state, 1);
    this.#note('TaskSubmitted', row);
    if (state === 'ready') this.#note('TaskReady', row);
  }

  #replace({ row, definition }: StoredTask, task: TaskDefinition): void {
    const tables = this.#tables;
    const before = row.state;
    const { dependencies, unsatisfied, state } = this.#outset(row.key, task);
    tables.redefineTask(row, this.#texts.get(row.key) ?? '', dependencies);
    move(tables, row, state, {
      ...columnsOf(task),
      priority: priorityOf(row, definition, task),
      unsatisfied,
      counted: 0,
      pool: null,
      runnerId: null,
      slotId: null,
      reason: null,
      notBefore: null,
      readyAt: state === 'ready' ? this.#request.at : null,
      ...(state === 'ready' || before === 'ready' ? { change: nextChange(tables) } : {}),
    });
    this.#note('TaskReplaced', row, { previous_state: before });
    if (state === 'ready') this.#note('TaskReady', row);
  }

  #cancelRemoved(): void {
    const tables = this.#tables;
    for (const key of this.#plan.cancelled) {
      const row = tables.task(key);
      if (row === undefined) continue;
      move(tables, row, 'cancelled', { reason: REMOVED_FROM_SET, notBefore: null, ...feedNews(tables, row) });
      this.#note('TaskCancelled', row, { reason: REMOVED_FROM_SET });
    }
  }

  /** What the plan says is done is done, whatever it depends on. */
  #completeMarked(): void {
    const tables = this.#tables;
    const completed: TaskKey[] = [];
    for (const key of this.#plan.markedDone) {
      const row = tables.task(key);
      if (row === undefined || isTerminal(row.state)) continue;
      move(tables, row, 'done', { reason: null, notBefore: null, ...feedNews(tables, row) });
      this.#note('TaskCompleted', row, { reason: 'marked as done in the plan' });
      completed.push(key);
    }
    // Only now: one that is marked itself must not become ready first.
    for (const key of completed) satisfyDependents(tables, key, this.#request);
  }

  /** Groups whose parts are all done already, or that have none; the rest follow from a part being done. */
  #completeGroups(): void {
    const tables = this.#tables;
    for (const task of this.#set.tasks) {
      const key = taskKey(this.#set.name, task.id);
      if (!task.group || !this.#begun.has(key)) continue;
      const row = tables.task(key);
      if (row === undefined || row.state !== 'blocked' || row.unsatisfied > 0) continue;
      unblock(tables, row, this.#request);
      satisfyDependents(tables, key, this.#request);
    }
  }

  #note(type: EventType, row: TaskRow, details: Readonly<Record<string, unknown>> = {}): void {
    noteTask(this.#tables, type, row, this.#request, details);
  }
}
