import type { DispatcherEvent, EventDraft } from '../../domain/events.ts';
import type { SpecName, TaskKey } from '../../domain/ids.ts';
import type { TaskState } from '../../domain/task.ts';
import type { EventQuery } from '../../ports/task-registry.ts';
import { CauseMemo } from '../core/cause-memo.ts';
import type { AttemptPatch, AttemptRow, Dependency, Meta, OpenEdge, SetRow, TaskPatch, TaskRow } from '../core/rows.ts';
import { StateCounts } from '../core/state-counts.ts';
import { StuckMemo } from '../core/stuck-memo.ts';
import type { Tables } from '../core/tables.ts';
import {
  attemptColumns,
  attemptValues,
  eventColumns,
  insertAttempt,
  insertEvent,
  insertTask,
  taskColumns,
  taskValues,
} from './columns.ts';
import { RunningRows } from './running-rows.ts';
import type { Statements } from './statements.ts';

/** SQLite has no booleans: they come back as 0 and 1. */
type Raw<T> = { [K in keyof T]: T[K] extends boolean ? number : T[K] };

const taskOf = (raw: Raw<TaskRow>): TaskRow =>
  Object.assign(raw, { optional: raw.optional === 1, group: raw.group === 1 });
const dependencyOf = (raw: Raw<Dependency>): Dependency => Object.assign(raw, { optional: raw.optional === 1 });
const attemptOf = (raw: Raw<AttemptRow>): AttemptRow => Object.assign(raw, { counted: raw.counted === 1 });

type RawEvent = Omit<DispatcherEvent, 'details'> & { readonly details: string };
const eventOf = (raw: RawEvent): DispatcherEvent => ({
  ...raw,
  details: JSON.parse(raw.details) as DispatcherEvent['details'],
});

const DEPENDENCIES = `
  SELECT d.on_key AS key, t.position AS position, coalesce(t.state, 'missing') AS state,
         coalesce(t.optional, 0) AS optional
  FROM dependency AS d LEFT JOIN task AS t ON t.key = d.on_key
  WHERE d.task = ? ORDER BY d.ordinal`;

const DEPENDENTS = `
  SELECT ${taskColumns} FROM dependency AS d JOIN task ON task.position = d.task
  WHERE d.on_key = ? ORDER BY d.task`;

// The condition is `satisfies` in SQL: a million rows that go no further are not made.
const OPEN_EDGES = `
  SELECT b.position AS task, t.position AS "on", d.on_key AS key, coalesce(t.state, 'missing') AS state
  FROM task AS b JOIN dependency AS d ON d.task = b.position LEFT JOIN task AS t ON t.key = d.on_key
  WHERE b.state = 'blocked'
    AND coalesce(t.state NOT IN ('done', 'skipped') AND NOT (t.state = 'failed' AND t.optional = 1), 1)
  ORDER BY b.position, d.ordinal`;
const NOT_BEGUN = `SELECT key, required_skill AS requiredSkill, cpu, memory
  FROM task WHERE state IN ('blocked', 'ready') AND "group" = 0 ORDER BY position`;

// Constants, and not built at the call: preparing looks them up by their text.
const SET = 'SELECT name, repo, weight, max_concurrency AS maxConcurrency FROM task_set WHERE name = ?';
const PUT_SET = `INSERT INTO task_set (name, repo, weight, max_concurrency) VALUES (?, ?, ?, ?) ON CONFLICT (name)
  DO UPDATE SET repo = excluded.repo, weight = excluded.weight, max_concurrency = excluded.max_concurrency`;
const TASK = `SELECT ${taskColumns} FROM task WHERE key = ?`;
const TASKS_OF_SET = `SELECT ${taskColumns}, definition.text AS definition
  FROM task JOIN definition ON definition.task = task.position WHERE task.spec = ? ORDER BY task.position`;
const DEFINITION = 'SELECT text FROM definition WHERE task = ?';
const FEED = `SELECT ${taskColumns} FROM task WHERE change > ? ORDER BY change LIMIT ?`;
const ATTEMPT = `SELECT ${attemptColumns} FROM attempt WHERE task = ? AND attempt = ?`;
const ATTEMPTS = `SELECT ${attemptColumns} FROM attempt WHERE task = ? ORDER BY attempt`;
const HAS_EVENT = 'SELECT 1 FROM event WHERE key = ?';
const COUNTS = 'SELECT spec, state, count(*) AS tasks FROM task GROUP BY spec, state';

// A partial index serves only queries that repeat its condition, hence `rare`.
const RARE = "state NOT IN ('blocked', 'ready', 'done')";
const RARE_STATES: ReadonlySet<TaskState> = new Set(['running', 'parked', 'failed', 'cancelled', 'skipped']);
const PAGE = {
  all: `SELECT ${taskColumns} FROM task WHERE position > ? ORDER BY position LIMIT ?`,
  spec: `SELECT ${taskColumns} FROM task WHERE position > ? AND spec = ? ORDER BY position LIMIT ?`,
  state: `SELECT ${taskColumns} FROM task WHERE position > ? AND state = ? ORDER BY position LIMIT ?`,
  rare: `SELECT ${taskColumns} FROM task WHERE position > ? AND state = ? AND ${RARE} ORDER BY position LIMIT ?`,
  both: `SELECT ${taskColumns} FROM task WHERE position > ? AND spec = ? AND state = ? ORDER BY position LIMIT ?`,
} as const;

const META = `
  SELECT epoch, last_change AS lastChange, last_position AS lastPosition, doom,
         coalesce((SELECT max(seq) FROM event), 0) AS lastSeq
  FROM registry`;
const SAVE_META = 'UPDATE registry SET epoch = ?, last_change = ?, last_position = ?, doom = ?';

/** Rows in SQLite, inside whatever transaction is open. `load` begins a transaction, `save` ends it. */
export class SqliteTables implements Tables {
  readonly meta: Meta = { epoch: 0, lastSeq: 0, lastChange: 0, lastPosition: 0, doom: 0 };
  readonly causes = new CauseMemo();
  readonly stuckMemo = new StuckMemo();
  readonly #sql: Statements;
  readonly #running = new RunningRows();
  /** What the file says, as long as nobody else writes; made when it is asked for. */
  #counts: StateCounts | null = null;
  #saved: Meta = { ...this.meta };

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  /** To be called first in every transaction: another process may have written since. */
  load(): void {
    Object.assign(this.meta, this.#sql.first(META) as Meta | undefined);
    // Every change of a task comes with an event: the same number means that nobody else has been here.
    if (this.meta.lastSeq !== this.#saved.lastSeq || this.meta.epoch !== this.#saved.epoch) this.forget();
    this.#saved = { ...this.meta };
  }

  /** To be called last in a transaction that may have written. */
  save(): void {
    const { epoch, lastChange, lastPosition, doom } = this.meta;
    const before = this.#saved;
    this.#saved = { ...this.meta };
    const isSame = epoch === before.epoch && lastPosition === before.lastPosition && doom === before.doom;
    if (isSame && lastChange === before.lastChange) return;
    this.#sql.run(SAVE_META, epoch, lastChange, lastPosition, doom);
  }

  /** To be called when a transaction was rolled back: what is remembered may never have happened. */
  forget(): void {
    this.causes.forget();
    this.stuckMemo.forget();
    this.#running.clear();
    this.#counts = null;
  }

  set(name: SpecName): SetRow | undefined {
    return this.#sql.first(SET, name) as SetRow | undefined;
  }

  putSet({ name, repo, weight, maxConcurrency }: SetRow): void {
    this.#sql.run(PUT_SET, name, repo, weight, maxConcurrency);
  }

  setNames(): readonly string[] {
    return (this.#sql.all('SELECT name FROM task_set') as SetRow[]).map(({ name }) => name);
  }

  task(key: TaskKey): TaskRow | undefined {
    const running = this.#running.task(key);
    if (running !== undefined) return running;
    const raw = this.#sql.first(TASK, key) as Raw<TaskRow> | undefined;
    return raw === undefined ? undefined : taskOf(raw);
  }

  definition(position: number): string {
    const found = this.#sql.first(DEFINITION, position) as { readonly text: string } | undefined;
    return found?.text ?? '';
  }

  tasksOfSet(spec: SpecName): readonly { readonly row: TaskRow; readonly definition: string }[] {
    type Joined = Raw<TaskRow> & { readonly definition: string };
    return (this.#sql.all(TASKS_OF_SET, spec) as Joined[]).map((raw) => ({
      row: taskOf(raw),
      definition: raw.definition,
    }));
  }

  addTask(row: TaskRow, definition: string, dependencies: readonly TaskKey[]): void {
    this.#sql.run(insertTask, ...taskValues(row));
    this.#sql.run('INSERT INTO definition (task, text) VALUES (?, ?)', row.position, definition);
    this.#addDependencies(row.position, dependencies);
  }

  redefineTask({ position }: TaskRow, definition: string, dependencies: readonly TaskKey[]): void {
    this.#sql.run('UPDATE definition SET text = ? WHERE task = ?', definition, position);
    this.#sql.run('DELETE FROM dependency WHERE task = ?', position);
    this.#addDependencies(position, dependencies);
  }

  changeTask(row: TaskRow, patch: TaskPatch): void {
    this.#sql.update('task', 'position = ?', patch, row.position);
    Object.assign(row, patch);
    this.#running.taskChanged(row, patch);
  }

  page(spec: SpecName | null, state: TaskState | null, after: number, limit: number): readonly TaskRow[] {
    return (this.#page(spec, state, after, limit) as Raw<TaskRow>[]).map(taskOf);
  }

  dependencies(position: number): readonly Dependency[] {
    return (this.#sql.all(DEPENDENCIES, position) as Raw<Dependency>[]).map(dependencyOf);
  }

  dependents(key: TaskKey): readonly TaskRow[] {
    return (this.#sql.all(DEPENDENTS, key) as Raw<TaskRow>[]).map(taskOf);
  }

  openEdges(): Iterable<OpenEdge> {
    return this.#sql.each(OPEN_EDGES) as Iterable<OpenEdge>;
  }

  notBegun(): Iterable<Pick<TaskRow, 'key' | 'requiredSkill' | 'cpu' | 'memory'>> {
    return this.#sql.each(NOT_BEGUN) as Iterable<TaskRow>;
  }

  keyAt(position: number): TaskKey {
    const found = this.#sql.first('SELECT key FROM task WHERE position = ?', position) as { readonly key: TaskKey } | undefined;
    return found?.key ?? ('' as TaskKey);
  }

  feed(after: number, limit: number): readonly TaskRow[] {
    return (this.#sql.all(FEED, after, limit) as Raw<TaskRow>[]).map(taskOf);
  }

  forgetGone(): void {
    this.#sql.run("UPDATE task SET change = NULL WHERE change IS NOT NULL AND +state <> 'ready'");
  }

  attempt(task: number, attempt: number): AttemptRow | undefined {
    const running = this.#running.attempt(task, attempt);
    if (running !== undefined) return running;
    const raw = this.#sql.first(ATTEMPT, task, attempt) as Raw<AttemptRow> | undefined;
    return raw === undefined ? undefined : attemptOf(raw);
  }

  attempts(task: number): readonly AttemptRow[] {
    return (this.#sql.all(ATTEMPTS, task) as Raw<AttemptRow>[]).map(attemptOf);
  }

  addAttempt(row: AttemptRow): void {
    this.#sql.run(insertAttempt, ...attemptValues(row));
    this.#running.addAttempt(row);
  }

  changeAttempt(row: AttemptRow, patch: AttemptPatch): void {
    this.#sql.update('attempt', 'task = ? AND attempt = ?', patch, row.task, row.attempt);
    Object.assign(row, patch);
    this.#running.attemptChanged(row, patch);
  }

  hasEvent(key: string): boolean {
    return this.#sql.first(HAS_EVENT, key) !== undefined;
  }

  addEvent(seq: number, draft: EventDraft, key: string | null): void {
    const { type, at, actor, spec, taskId, attempt, runnerId, slotId, pool, durationMs } = draft;
    const details = JSON.stringify(draft.details);
    const place = [spec, taskId, attempt, runnerId, slotId, pool];
    this.#sql.run(insertEvent, seq, type, at, actor, ...place, durationMs, details, key);
  }

  events({ after, limit, spec, taskId, types }: EventQuery): readonly DispatcherEvent[] {
    const ofSpec = spec === undefined ? '' : 'AND spec = ?';
    const ofTask = taskId === undefined ? '' : 'AND task_id = ?';
    // Written out, for only then the index of the few throttles is used; names of types are our own.
    const ofTypes = types === undefined ? '' : `AND type IN (${types.map((type) => `'${type}'`).join(', ')})`;
    const sql = `SELECT ${eventColumns} FROM event WHERE seq > ? ${ofSpec} ${ofTask} ${ofTypes} ORDER BY seq LIMIT ?`;
    const values = [after, ...(spec === undefined ? [] : [spec]), ...(taskId === undefined ? [] : [taskId]), limit];
    return (this.#sql.all(sql, ...values) as RawEvent[]).map(eventOf);
  }

  counts(spec: SpecName | null): Record<TaskState, number> {
    this.#counts ??= this.#countAll();
    return this.#counts.of(spec);
  }

  tally(spec: SpecName, state: TaskState, difference: number): void {
    this.#counts?.add(spec, state, difference);
  }

  #countAll(): StateCounts {
    type Counted = { readonly spec: SpecName; readonly state: TaskState; readonly tasks: number };
    const counts = new StateCounts();
    for (const { spec, state, tasks } of this.#sql.all(COUNTS) as Counted[]) counts.add(spec, state, tasks);
    return counts;
  }

  #addDependencies(position: number, dependencies: readonly TaskKey[]): void {
    for (const [ordinal, key] of dependencies.entries()) {
      this.#sql.run('INSERT INTO dependency (task, ordinal, on_key) VALUES (?, ?, ?)', position, ordinal, key);
    }
  }

  #page(spec: SpecName | null, state: TaskState | null, after: number, limit: number): unknown[] {
    if (spec !== null && state !== null) return this.#sql.all(PAGE.both, after, spec, state, limit);
    if (spec !== null) return this.#sql.all(PAGE.spec, after, spec, limit);
    if (state !== null && RARE_STATES.has(state)) return this.#sql.all(PAGE.rare, after, state, limit);
    if (state !== null) return this.#sql.all(PAGE.state, after, state, limit);
    return this.#sql.all(PAGE.all, after, limit);
  }
}
