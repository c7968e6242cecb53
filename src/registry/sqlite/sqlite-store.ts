import { DatabaseSync } from 'node:sqlite';
import type { PortError } from '../../domain/failures.ts';
import type { RegistryId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { evaluate, isRead, type Answer, type Call } from '../core/calls.ts';
import { faultOf, type Fault } from './faults.ts';
import { identify, migrate, recognise } from './schema.ts';
import { SqliteTables } from './sqlite-tables.ts';
import { Statements } from './statements.ts';

export interface StoreOptions {
  /** Absolute. */
  readonly path: string;
  readonly synchronous: 'normal' | 'full';
  /** How long SQLite itself waits for another's lock, blocking its thread; ms. */
  readonly busyTimeoutMs: number;
}

/** The answers of a batch, in the order of its calls. */
export interface Committed {
  readonly answers: readonly Answer[];
  /** Whether the change feed has grown. */
  readonly news: boolean;
}

/** A registry in a SQLite file, synchronous: every call blocks its thread until it is committed. */
export class SqliteStore {
  readonly id: RegistryId;
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #sql: Statements;
  readonly #tables: SqliteTables;

  private constructor(id: RegistryId, path: string, db: DatabaseSync) {
    this.id = id;
    this.path = path;
    this.#db = db;
    this.#sql = new Statements(db);
    this.#tables = new SqliteTables(this.#sql);
  }

  /** For the holder of the lock: makes the file where there is none, and brings its schema up to date. */
  static openForWriting({ path, synchronous, busyTimeoutMs }: StoreOptions): Result<SqliteStore, PortError> {
    return openWith(path, { timeout: busyTimeoutMs }, (db) => {
      const recognised = recognise(db, path);
      if (!recognised.ok) return recognised;
      db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous === 'full' ? 'FULL' : 'NORMAL'};
        PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864;`);
      const id = migrate(db, path);
      return id.ok ? ok(new SqliteStore(id.value, path, db)) : id;
    });
  }

  /** Beside whoever writes. Writing calls fail. */
  static openForReading(path: string, busyTimeoutMs: number): Result<SqliteStore, PortError> {
    return openWith(path, { timeout: busyTimeoutMs, readOnly: true }, (db) => {
      const id = identify(db, path);
      return id.ok ? ok(new SqliteStore(id.value, path, db)) : id;
    });
  }

  /**
   * Evaluates the calls in one transaction: all are committed, or none is. A call that loses against
   * another (a claim, say) is answered with its error and disturbs nobody.
   */
  run(calls: readonly Call[]): Result<Committed, Fault> {
    const writes = !calls.every(isRead);
    try {
      this.#sql.run(writes ? 'BEGIN IMMEDIATE' : 'BEGIN');
      this.#tables.load();
      const before = this.#tables.meta.lastChange;
      const answers = calls.map((call) => evaluate(this.#tables, call));
      if (writes) this.#tables.save();
      this.#sql.run('COMMIT');
      return ok({ answers, news: this.#tables.meta.lastChange > before });
    } catch (thrown) {
      const fault = faultOf(thrown, this.path);
      this.#rollBack();
      return err(fault);
    }
  }

  /** Closing the last connection moves everything from the write-ahead log into the file itself. */
  close(): Result<null, PortError> {
    try {
      this.#db.close();
      return ok(null);
    } catch (thrown) {
      return err(faultOf(thrown, this.path).error);
    }
  }

  #rollBack(): void {
    this.#tables.forget();
    try {
      // SQLite has rolled back by itself after some errors.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    } catch {
      // The error that led here is the one to tell; a transaction that cannot be ended fails the next BEGIN.
    }
  }
}

const openWith = (
  path: string,
  options: { readonly timeout: number; readonly readOnly?: boolean },
  build: (db: DatabaseSync) => Result<SqliteStore, PortError>,
): Result<SqliteStore, PortError> => {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(path, { ...options, enableForeignKeyConstraints: true });
    const built = build(db);
    if (!built.ok) db.close();
    return built;
  } catch (thrown) {
    const { error } = faultOf(thrown, path);
    if (db?.isOpen === true) db.close();
    return err(error);
  }
};
