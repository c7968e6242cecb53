import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { updateOf } from './columns.ts';

/** What a patch or a parameter may hold. */
export type Bindable = string | number | boolean | null | undefined;

export const bound = (value: Bindable): SQLInputValue =>
  typeof value === 'boolean' ? Number(value) : (value ?? null);

/** Prepares each statement once. Rows come back under the names of their columns. */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  readonly #updates = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  of(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }

  /** Writes just these members of a row, so that indexes on the others are left alone. */
  update(table: string, where: string, patch: Readonly<Record<string, Bindable>>, ...key: readonly number[]): void {
    const names = Object.keys(patch);
    const form = `${table}:${names.join()}`;
    const known = this.#updates.get(form) ?? this.of(updateOf(table, names, where));
    this.#updates.set(form, known);
    known.run(...Object.values(patch).map(bound), ...key);
  }

  run(sql: string, ...values: readonly Bindable[]): void {
    this.of(sql).run(...values.map(bound));
  }

  /** The first row, `undefined` if there is none; what is in it is for the query's author to say. */
  first(sql: string, ...values: readonly Bindable[]): unknown {
    return this.of(sql).get(...values.map(bound));
  }

  /** One at a time, for queries with more rows than anybody wants to have at once. */
  each(sql: string): Iterable<unknown> {
    return this.of(sql).iterate();
  }

  all(sql: string, ...values: readonly Bindable[]): unknown[] {
    return this.of(sql).all(...values.map(bound));
  }
}
