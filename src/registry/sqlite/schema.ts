import type { DatabaseSync } from 'node:sqlite';
import { randomUUID } from 'node:crypto';
import { portError, type PortError } from '../../domain/failures.ts';
import { registryId, type RegistryId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';

/** "dspt": tells a Task Registry from any other SQLite database (`PRAGMA application_id`). */
const APPLICATION_ID = 0x64737074;

/**
 * Wall times, priorities and sizes are REAL, which SQLite stores as integers where they are whole:
 * a fraction from outside is then a value, and not a failed transaction.
 */
const FIRST = `
CREATE TABLE registry (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id TEXT NOT NULL,
  epoch INTEGER NOT NULL DEFAULT 0,
  last_change INTEGER NOT NULL DEFAULT 0,
  last_position INTEGER NOT NULL DEFAULT 0,
  doom INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE task_set (
  name TEXT PRIMARY KEY,
  repo TEXT,
  weight REAL NOT NULL,
  max_concurrency REAL
) STRICT, WITHOUT ROWID;

CREATE TABLE task (
  position INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  spec TEXT NOT NULL REFERENCES task_set (name),
  id TEXT NOT NULL,
  title TEXT NOT NULL,
  state TEXT NOT NULL,
  priority REAL NOT NULL,
  optional INTEGER NOT NULL,
  required_skill TEXT,
  cpu REAL,
  memory REAL,
  concurrency_key TEXT,
  unsatisfied INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  counted INTEGER NOT NULL,
  pool TEXT,
  runner_id TEXT,
  slot_id TEXT,
  reason TEXT,
  not_before REAL,
  ready_at REAL,
  change INTEGER
) STRICT;
CREATE INDEX task_by_spec ON task (spec);
-- The states that few tasks are in. Those of the many are found by walking the table.
CREATE INDEX task_by_rare_state ON task (state) WHERE state NOT IN ('blocked', 'ready', 'done');
CREATE UNIQUE INDEX task_by_change ON task (change) WHERE change IS NOT NULL;

-- Apart from the task's row, which is written three times in an attempt.
CREATE TABLE definition (
  task INTEGER PRIMARY KEY REFERENCES task (position),
  text TEXT NOT NULL
) STRICT;

CREATE TABLE dependency (
  task INTEGER NOT NULL REFERENCES task (position),
  ordinal INTEGER NOT NULL,
  on_key TEXT NOT NULL,
  PRIMARY KEY (task, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX dependency_by_key ON dependency (on_key, task);

CREATE TABLE attempt (
  task INTEGER NOT NULL REFERENCES task (position),
  attempt INTEGER NOT NULL,
  runner_id TEXT NOT NULL,
  pool TEXT NOT NULL,
  slot_id TEXT NOT NULL,
  slot_path TEXT NOT NULL,
  run_dir TEXT NOT NULL,
  handle TEXT,
  claimed_at REAL NOT NULL,
  started_at REAL,
  ended_at REAL,
  "end" TEXT,
  reason TEXT,
  counted INTEGER NOT NULL,
  PRIMARY KEY (task, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  seq INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  at REAL NOT NULL,
  actor TEXT NOT NULL,
  spec TEXT,
  task_id TEXT,
  attempt INTEGER,
  runner_id TEXT,
  slot_id TEXT,
  pool TEXT,
  duration_ms REAL,
  details TEXT NOT NULL,
  key TEXT
) STRICT;
CREATE UNIQUE INDEX event_by_key ON event (key) WHERE key IS NOT NULL;
`;

/** Parents that nothing runs for, and a person's wish to cancel what runs, which outlives the dispatcher. */
const GROUPS_AND_WISHES = `
ALTER TABLE task ADD COLUMN "group" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN cancel_actor TEXT;
ALTER TABLE task ADD COLUMN cancel_reason TEXT;
`;

const EXPECTED_DURATION = 'ALTER TABLE task ADD COLUMN expected_ms REAL;';

/** Finds the few among the many at every start, and costs the many nothing. */
const THROTTLES = `
CREATE INDEX event_of_throttle ON event (seq) WHERE type IN ('PoolThrottled', 'PoolUnthrottled');
`;

/** Step `n` brings `user_version` from `n` to `n + 1`. Steps are added, never changed. */
const STEPS: readonly string[] = [FIRST, GROUPS_AND_WISHES, EXPECTED_DURATION, THROTTLES];

export const SCHEMA_VERSION = STEPS.length;

const pragma = (db: DatabaseSync, name: 'user_version' | 'application_id' | 'schema_version'): number =>
  Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);

const foreign = (path: string): PortError =>
  portError(
    'permanent',
    `registry ${path} is a SQLite database of another program; name another file in registry.path`,
  );

const newer = (path: string, found: number): PortError =>
  portError(
    'permanent',
    `registry ${path} has schema version ${found}, written by a newer dispatcher; ` +
      `this one knows up to ${SCHEMA_VERSION}: upgrade the dispatcher`,
  );

/** Whether the database is empty or a registry this program can bring up to date. Changes nothing. */
export const recognise = (db: DatabaseSync, path: string): Result<null, PortError> => {
  const version = pragma(db, 'user_version');
  const isOurs = pragma(db, 'application_id') === APPLICATION_ID;
  // An untouched database has schema cookie 0.
  if (!isOurs && (version !== 0 || pragma(db, 'schema_version') !== 0)) return err(foreign(path));
  return version > SCHEMA_VERSION ? err(newer(path, version)) : ok(null);
};

/** Brings a recognised database up to date. Only the holder of the lock may call it. */
export const migrate = (db: DatabaseSync, path: string): Result<RegistryId, PortError> => {
  const from = pragma(db, 'user_version');
  for (const [index, step] of STEPS.entries()) {
    if (index < from) continue;
    const first = index === 0 ? `INSERT INTO registry (one, id) VALUES (1, '${randomUUID()}');` : '';
    const stamp = `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${index + 1};`;
    db.exec(`BEGIN IMMEDIATE; ${step} ${first} ${stamp} COMMIT;`);
  }
  return identify(db, path);
};

/** The registry's id, if its schema is the one this program knows. */
export const identify = (db: DatabaseSync, path: string): Result<RegistryId, PortError> => {
  const version = pragma(db, 'user_version');
  const isOurs = pragma(db, 'application_id') === APPLICATION_ID;
  if (!isOurs && pragma(db, 'schema_version') === 0) {
    return err(portError('notFound', `registry ${path} is empty: no dispatcher has used it yet`));
  }
  if (!isOurs) return err(foreign(path));
  if (version > SCHEMA_VERSION) return err(newer(path, version));
  if (version < SCHEMA_VERSION) {
    const mend = 'start the dispatcher once, which brings it up to date';
    return err(portError('permanent', `registry ${path} has the older schema version ${version}: ${mend}`));
  }
  const id = db.prepare('SELECT id FROM registry').get()?.['id'];
  return typeof id === 'string' ? ok(registryId(id)) : err(foreign(path));
};
