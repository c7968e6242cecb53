import { taskKey, type TaskKey } from '../domain/ids.ts';
import type { TaskDefinition, TaskSet } from '../domain/task.ts';

/** A task of a plan with its place in the order of work. */
export interface OrderedTask {
  readonly definition: TaskDefinition;
  /** As people write them: ids of the set, `otherspec/id` for others. */
  readonly dependencies: readonly string[];
  /** The tasks that run before it and that it waits for directly; parents stand for their last ones. */
  readonly startsAfter: readonly string[];
  /** From 1: everything with the same number may run at once. `null` for parents, and in a cycle. */
  readonly step: number | null;
  readonly isDone: boolean;
}

/** A parent with more last tasks than this stands for itself. */
const MOST_LAST = 100;

class PlanOrder {
  readonly #set: TaskSet;
  readonly #tasks: ReadonlyMap<TaskKey, TaskDefinition>;
  readonly #step = new Map<TaskKey, number>();
  readonly #last = new Map<TaskKey, readonly TaskKey[]>();
  /** Every task after all that it waits for; those in a cycle are not there. */
  readonly sequence: readonly TaskKey[];

  constructor(set: TaskSet) {
    this.#set = set;
    this.#tasks = new Map(set.tasks.map((task) => [taskKey(set.name, task.id), task]));
    this.sequence = this.#sorted();
    for (const key of this.sequence) this.#place(key);
  }

  #inside(key: TaskKey): readonly TaskKey[] {
    return (this.#tasks.get(key)?.dependencies ?? []).filter((other) => this.#tasks.has(other));
  }

  #sorted(): readonly TaskKey[] {
    const waiting = new Map<TaskKey, number>();
    const dependents = new Map<TaskKey, TaskKey[]>();
    for (const key of this.#tasks.keys()) {
      const inside = this.#inside(key);
      waiting.set(key, inside.length);
      for (const other of inside) {
        const others = dependents.get(other);
        if (others === undefined) dependents.set(other, [key]);
        else others.push(key);
      }
    }
    const free = [...this.#tasks.keys()].filter((key) => waiting.get(key) === 0);
    for (let at = 0; at < free.length; at += 1) {
      const key = free[at];
      for (const other of key === undefined ? [] : (dependents.get(key) ?? [])) {
        const left = (waiting.get(other) ?? 1) - 1;
        waiting.set(other, left);
        if (left === 0) free.push(other);
      }
    }
    return free;
  }

  #place(key: TaskKey): void {
    const inside = this.#inside(key);
    const isGroup = this.#tasks.get(key)?.group === true;
    const after = inside.reduce((most, other) => Math.max(most, this.#step.get(other) ?? 0), 0);
    this.#step.set(key, isGroup ? after : after + 1);
    if (isGroup) this.#last.set(key, this.#lastOf(key, inside));
  }

  /** Those below a parent that no other below it waits for: when they are done, it is. */
  #lastOf(key: TaskKey, children: readonly TaskKey[]): readonly TaskKey[] {
    const waitedFor = new Set<TaskKey>();
    for (const child of children) for (const other of this.#inside(child)) waitedFor.add(other);
    const last = children.filter((child) => !waitedFor.has(child));
    const all = new Set<TaskKey>();
    for (const child of last.length > 0 ? last : children) {
      for (const one of this.#last.get(child) ?? [child]) all.add(one);
      if (all.size > MOST_LAST) return [key];
    }
    return all.size === 0 ? [key] : [...all];
  }

  #written(key: TaskKey): string {
    return this.#tasks.get(key)?.id ?? key;
  }

  describe(key: TaskKey, definition: TaskDefinition, done: ReadonlySet<string>): OrderedTask {
    const after = new Set(definition.dependencies.flatMap((other) => this.#last.get(other) ?? [other]));
    return {
      definition,
      dependencies: definition.dependencies.map((other) => this.#written(other)),
      startsAfter: definition.group ? [] : [...after].map((other) => this.#written(other)),
      step: definition.group ? null : (this.#step.get(key) ?? null),
      isDone: done.has(definition.id),
    };
  }

  tasks(): readonly OrderedTask[] {
    const done = new Set<string>(this.#set.done);
    const inOrder = this.#set.tasks.map((definition) => this.describe(taskKey(this.#set.name, definition.id), definition, done));
    const place = (task: OrderedTask): number => task.step ?? this.#step.get(taskKey(this.#set.name, task.definition.id)) ?? Number.MAX_SAFE_INTEGER;
    // A parent comes right after the last of its tasks.
    return inOrder.toSorted((a, b) => place(a) - place(b) || Number(a.definition.group) - Number(b.definition.group));
  }
}

/** The tasks of a set in the order in which they would be worked on, were there room for all that may run at once. */
export const orderedTasks = (set: TaskSet): readonly OrderedTask[] => new PlanOrder(set).tasks();
