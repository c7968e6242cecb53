import { event, type EventType } from '../../domain/events.ts';
import { taskKey, type TaskKey } from '../../domain/ids.ts';
import { REMOVED_FROM_SET, type ResubmissionPlan } from '../../domain/resubmission.ts';
import type { TaskDefinition, TaskSet, TaskState } from '../../domain/task.ts';
import type { SubmitRequest } from '../../ports/task-registry.ts';
import type { TaskRow } from './rows.ts';
import { satisfies } from './satisfaction.ts';
import type { Tables } from './tables.ts';
import { move, nextChange, note, unsatisfyDependents } from './transition.ts';

/** What a definition says in columns. */
const columnsOf = (task: TaskDefinition) => ({
  title: task.title,
  priority: task.priority,
  optional: task.optional,
  requiredSkill: task.requiredSkill,
  cpu: task.resources.cpu,
  memory: task.resources.memory,
  concurrencyKey: task.concurrencyKey,
});

/** Carries out one accepted submission. Inside one transaction; made for one use. */
export class Submission {
  readonly #tables: Tables;
  readonly #request: SubmitRequest;
  readonly #set: TaskSet;
  readonly #plan: ResubmissionPlan;
  readonly #rows: ReadonlyMap<TaskKey, TaskRow>;
  readonly #texts: ReadonlyMap<TaskKey, string>;
  readonly #added: ReadonlySet<TaskKey>;
  /** Tasks that begin from the start: added and replaced ones. */
  readonly #begun: ReadonlySet<TaskKey>;
  readonly #satisfied = new Map<TaskKey, boolean>();

  /** @param texts definitions of the tasks that the plan adds or replaces */
  constructor(
    tables: Tables,
    request: SubmitRequest,
    rows: readonly TaskRow[],
    plan: ResubmissionPlan,
    texts: ReadonlyMap<TaskKey, string>,
  ) {
    this.#tables = tables;
    this.#request = request;
    this.#set = request.set;
    this.#plan = plan;
    this.#texts = texts;
    this.#rows = new Map(rows.map((row) => [row.key, row]));
    this.#added = new Set(plan.added);
    this.#begun = new Set([...plan.added, ...plan.replaced]);
  }

  carryOut(): void {
    this.#noteSubmission();
    this.#writeSet();
    this.#sendDependentsBack();
    for (const task of this.#set.tasks) {
      const key = taskKey(this.#set.name, task.id);
      const row = this.#rows.get(key);
      if (this.#added.has(key)) this.#add(key, task);
      else if (row !== undefined && this.#begun.has(key)) this.#replace(row, task);
    }
    this.#cancelRemoved();
    if (this.#begun.size > 0 || this.#plan.cancelled.length > 0) this.#tables.meta.doom += 1;
  }

  #noteSubmission(): void {
    const { added, replaced, unchanged, cancelled, untouched, changedDone } = this.#plan;
    const details = {
      added: added.length,
      replaced: replaced.length,
      unchanged: unchanged.length,
      cancelled: cancelled.length,
      untouched: untouched.length,
      changed_done: changedDone.length,
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
    for (const row of this.#rows.values()) {
      if (row.state === 'ready') this.#tables.changeTask(row, { change: nextChange(this.#tables) });
    }
  }

  /** Who waits for a task that was done and is to be done again, waits again. */
  #sendDependentsBack(): void {
    for (const key of this.#plan.replaced) {
      const row = this.#rows.get(key);
      if (row !== undefined && satisfies(row.state, row.optional)) {
        unsatisfyDependents(this.#tables, key, this.#begun);
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

  /** Distinct dependencies, how many of them are open, and the state that follows. */
  #outset(task: TaskDefinition): { dependencies: readonly TaskKey[]; unsatisfied: number; state: TaskState } {
    const dependencies = [...new Set(task.dependencies)];
    const unsatisfied = dependencies.filter((key) => !this.#isSatisfied(key)).length;
    return { dependencies, unsatisfied, state: unsatisfied > 0 ? 'blocked' : 'ready' };
  }

  #add(key: TaskKey, task: TaskDefinition): void {
    const tables = this.#tables;
    const { dependencies, unsatisfied, state } = this.#outset(task);
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
      change: state === 'ready' ? nextChange(tables) : null,
    };
    tables.addTask(row, this.#texts.get(key) ?? '', dependencies);
    tables.tally(row.spec, state, 1);
    this.#note('TaskSubmitted', row);
    if (state === 'ready') this.#note('TaskReady', row);
  }

  #replace(row: TaskRow, task: TaskDefinition): void {
    const tables = this.#tables;
    const before = row.state;
    const { dependencies, unsatisfied, state } = this.#outset(task);
    tables.redefineTask(row, this.#texts.get(row.key) ?? '', dependencies);
    move(tables, row, state, {
      ...columnsOf(task),
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
      const change = row.state === 'ready' ? { change: nextChange(tables) } : {};
      move(tables, row, 'cancelled', { reason: REMOVED_FROM_SET, notBefore: null, ...change });
      this.#note('TaskCancelled', row, { reason: REMOVED_FROM_SET });
    }
  }

  #note(type: EventType, row: TaskRow, details: Readonly<Record<string, unknown>> = {}): void {
    const { at, actor } = this.#request;
    note(this.#tables, event(type, at, actor, { spec: row.spec, taskId: row.id, details }));
  }
}
