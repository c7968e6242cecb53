import type { DispatcherEvent, EventDraft } from '../../domain/events.ts';
import type { SpecName, TaskKey } from '../../domain/ids.ts';
import type { TaskState } from '../../domain/task.ts';
import type { EventQuery } from '../../ports/task-registry.ts';
import { CauseMemo } from '../core/cause-memo.ts';
import type { AttemptPatch, AttemptRow, Dependency, Meta, OpenEdge, SetRow, TaskPatch, TaskRow } from '../core/rows.ts';
import { StateCounts } from '../core/state-counts.ts';
import { satisfies } from '../core/satisfaction.ts';
import { StuckMemo } from '../core/stuck-memo.ts';
import type { Tables } from '../core/tables.ts';
import { ChangeLog } from './change-log.ts';

interface Stored {
  readonly row: TaskRow;
  definition: string;
  dependencies: readonly TaskKey[];
  readonly attempts: AttemptRow[];
}

/** Rows in plain maps. Nothing fails here, so there is nothing to roll back. */
export class MemoryTables implements Tables {
  readonly meta: Meta = { epoch: 0, lastSeq: 0, lastChange: 0, lastPosition: 0, doom: 0 };
  readonly causes = new CauseMemo();
  readonly stuckMemo = new StuckMemo();
  readonly #sets = new Map<SpecName, SetRow>();
  /** The task of position `p` is at `p - 1`. */
  readonly #tasks: Stored[] = [];
  readonly #positions = new Map<TaskKey, number>();
  readonly #positionsOfSet = new Map<SpecName, number[]>();
  readonly #dependents = new Map<TaskKey, Set<number>>();
  readonly #events: DispatcherEvent[] = [];
  readonly #eventKeys = new Set<string>();
  readonly #counts = new StateCounts();
  readonly #log = new ChangeLog();

  set(name: SpecName): SetRow | undefined {
    return this.#sets.get(name);
  }

  putSet(row: SetRow): void {
    this.#sets.set(row.name, row);
  }

  setNames(): readonly string[] {
    return [...this.#sets.keys()];
  }

  task(key: TaskKey): TaskRow | undefined {
    return this.#at(this.#positions.get(key) ?? 0)?.row;
  }

  /** By position. */
  taskAt(position: number): TaskRow | undefined {
    return this.#at(position)?.row;
  }

  definition(position: number): string {
    return this.#at(position)?.definition ?? '';
  }

  tasksOfSet(spec: SpecName): readonly { readonly row: TaskRow; readonly definition: string }[] {
    return (this.#positionsOfSet.get(spec) ?? []).flatMap((position) => this.#at(position) ?? []);
  }

  addTask(row: TaskRow, definition: string, dependencies: readonly TaskKey[]): void {
    this.#tasks.push({ row, definition, dependencies: [], attempts: [] });
    this.#positions.set(row.key, row.position);
    const ofSet = this.#positionsOfSet.get(row.spec);
    if (ofSet === undefined) this.#positionsOfSet.set(row.spec, [row.position]);
    else ofSet.push(row.position);
    this.redefineTask(row, definition, dependencies);
    if (row.change !== null) this.#log.append(row);
  }

  redefineTask({ position }: TaskRow, definition: string, dependencies: readonly TaskKey[]): void {
    const stored = this.#at(position);
    if (stored === undefined) return;
    for (const key of stored.dependencies) this.#dependents.get(key)?.delete(position);
    for (const key of dependencies) {
      const positions = this.#dependents.get(key);
      if (positions === undefined) this.#dependents.set(key, new Set([position]));
      else positions.add(position);
    }
    stored.definition = definition;
    stored.dependencies = dependencies;
  }

  changeTask(row: TaskRow, patch: TaskPatch): void {
    Object.assign(row, patch);
    if (patch.change !== undefined && patch.change !== null) this.#log.append(row);
  }

  page(spec: SpecName | null, state: TaskState | null, after: number, limit: number): readonly TaskRow[] {
    const found: TaskRow[] = [];
    for (let position = Math.max(0, Math.floor(after)) + 1; position <= this.#tasks.length; position += 1) {
      const row = this.#at(position)?.row;
      if (row === undefined || (spec !== null && row.spec !== spec)) continue;
      if (state !== null && row.state !== state) continue;
      if (found.push(row) >= limit) break;
    }
    return found;
  }

  dependencies(position: number): readonly Dependency[] {
    return (this.#at(position)?.dependencies ?? []).map((key) => {
      const row = this.task(key);
      if (row === undefined) return { key, position: null, state: 'missing', optional: false };
      return { key, position: row.position, state: row.state, optional: row.optional };
    });
  }

  dependents(key: TaskKey): readonly TaskRow[] {
    const positions = [...(this.#dependents.get(key) ?? [])].toSorted((a, b) => a - b);
    return positions.flatMap((position) => this.#at(position)?.row ?? []);
  }

  *openEdges(): Iterable<OpenEdge> {
    for (const { row } of this.#tasks) {
      if (row.state !== 'blocked') continue;
      for (const { key, position, state, optional } of this.dependencies(row.position)) {
        if (!satisfies(state, optional)) yield { task: row.position, on: position, key, state };
      }
    }
  }

  *notBegun(): Iterable<TaskRow> {
    for (const { row } of this.#tasks) if (!row.group && (row.state === 'blocked' || row.state === 'ready')) yield row;
  }

  keyAt(position: number): TaskKey {
    return this.#at(position)?.row.key ?? ('' as TaskKey);
  }

  feed(after: number, limit: number): readonly TaskRow[] {
    return this.#log.after(after, limit);
  }

  forgetGone(): void {
    for (const row of this.#log.after(0, Number.MAX_SAFE_INTEGER)) {
      if (row.state !== 'ready') this.changeTask(row, { change: null });
    }
  }

  attempt(task: number, attempt: number): AttemptRow | undefined {
    return this.#at(task)?.attempts[attempt - 1];
  }

  attempts(task: number): readonly AttemptRow[] {
    return this.#at(task)?.attempts ?? [];
  }

  addAttempt(row: AttemptRow): void {
    this.#at(row.task)?.attempts.push(row);
  }

  changeAttempt(row: AttemptRow, patch: AttemptPatch): void {
    Object.assign(row, patch);
  }

  hasEvent(key: string): boolean {
    return this.#eventKeys.has(key);
  }

  addEvent(seq: number, draft: EventDraft, key: string | null): void {
    if (key !== null) this.#eventKeys.add(key);
    this.#events.push({ ...draft, seq });
  }

  events({ after, limit, spec, taskId, types }: EventQuery): readonly DispatcherEvent[] {
    const found: DispatcherEvent[] = [];
    for (let index = Math.max(0, Math.floor(after)); index < this.#events.length; index += 1) {
      const event = this.#events[index];
      if (event === undefined || (spec !== undefined && event.spec !== spec)) continue;
      if (taskId !== undefined && event.taskId !== taskId) continue;
      if (types !== undefined && !types.includes(event.type)) continue;
      if (found.push(event) >= limit) break;
    }
    return found;
  }

  counts(spec: SpecName | null): Record<TaskState, number> {
    return this.#counts.of(spec);
  }

  tally(spec: SpecName, state: TaskState, difference: number): void {
    this.#counts.add(spec, state, difference);
  }

  #at(position: number): Stored | undefined {
    return this.#tasks[position - 1];
  }
}
