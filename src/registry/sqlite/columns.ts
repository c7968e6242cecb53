import type { DispatcherEvent } from '../../domain/events.ts';
import type { AttemptRow, TaskRow } from '../core/rows.ts';

/** Column of each member of a row, where the two are not written alike. */
const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const quoted = (name: string): string => `"${snake(name)}"`;

const TASK = [
  'position',
  'key',
  'spec',
  'id',
  'title',
  'state',
  'priority',
  'optional',
  'group',
  'requiredSkill',
  'cpu',
  'memory',
  'concurrencyKey',
  'expectedMs',
  'unsatisfied',
  'fence',
  'counted',
  'pool',
  'runnerId',
  'slotId',
  'reason',
  'notBefore',
  'readyAt',
  'cancelActor',
  'cancelReason',
  'change',
] as const satisfies readonly (keyof TaskRow)[];

const ATTEMPT = [
  'task',
  'attempt',
  'runnerId',
  'pool',
  'slotId',
  'slotPath',
  'runDir',
  'handle',
  'claimedAt',
  'startedAt',
  'endedAt',
  'end',
  'reason',
  'counted',
] as const satisfies readonly (keyof AttemptRow)[];

const EVENT = [
  'seq',
  'type',
  'at',
  'actor',
  'spec',
  'taskId',
  'attempt',
  'runnerId',
  'slotId',
  'pool',
  'durationMs',
  'details',
] as const satisfies readonly (keyof DispatcherEvent)[];

const selected = (names: readonly string[], table: string): string =>
  names.map((name) => `${table}.${quoted(name)} AS "${name}"`).join(', ');

const insert = (table: string, names: readonly string[]): string =>
  `INSERT INTO ${table} (${names.map(quoted).join(', ')}) VALUES (${names.map(() => '?').join(', ')})`;

/** `SELECT` lists that give rows the names of the domain, and the `INSERT`s of the same order. */
export const taskColumns = selected(TASK, 'task');
export const attemptColumns = selected(ATTEMPT, 'attempt');
export const eventColumns = selected(EVENT, 'event');
export const insertTask = insert('task', TASK);
export const insertAttempt = insert('attempt', ATTEMPT);
export const insertEvent = insert('event', [...EVENT, 'key']);

export const taskValues = (row: TaskRow) => TASK.map((name) => row[name]);
export const attemptValues = (row: AttemptRow) => ATTEMPT.map((name) => row[name]);

export const updateOf = (table: string, names: readonly string[], where: string): string =>
  `UPDATE ${table} SET ${names.map((name) => `${quoted(name)} = ?`).join(', ')} WHERE ${where}`;
