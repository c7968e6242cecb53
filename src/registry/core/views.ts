import type { ReadyTask, TaskView } from '../../domain/task.ts';
import type { RunnerHandle } from '../../ports/launcher.ts';
import type { AttemptView } from '../../ports/task-registry.ts';
import { blockedBecause } from './blocked-because.ts';
import type { AttemptRow, Dependency, SetRow, TaskRow } from './rows.ts';
import type { Tables } from './tables.ts';

export const readyTaskOf = (row: TaskRow, set: SetRow | undefined): ReadyTask => ({
  key: row.key,
  spec: row.spec,
  requiredSkill: row.requiredSkill,
  priority: row.priority,
  position: row.position,
  cpu: row.cpu,
  memory: row.memory,
  concurrencyKey: row.concurrencyKey,
  specMaxConcurrency: set?.maxConcurrency ?? null,
  specWeight: set?.weight ?? 1,
  fence: row.fence,
  notBefore: row.notBefore,
  readyAt: row.readyAt ?? 0,
  expectedMs: row.expectedMs,
});

// Only this folder writes the column, and only with JSON.stringify of a handle.
const parseHandle = (text: string): RunnerHandle => JSON.parse(text) as RunnerHandle;

export const attemptViewOf = (row: AttemptRow): AttemptView => ({
  attempt: row.attempt,
  runnerId: row.runnerId,
  pool: row.pool,
  slotId: row.slotId,
  slotPath: row.slotPath,
  runDir: row.runDir,
  handle: row.handle === null ? null : parseHandle(row.handle),
  claimedAt: row.claimedAt,
  startedAt: row.startedAt,
  endedAt: row.endedAt,
  end: row.end,
  reason: row.reason,
  counted: row.counted,
});

const shownReason = (tables: Tables, row: TaskRow, dependencies: readonly Dependency[]): string | null => {
  switch (row.state) {
    case 'blocked':
      return blockedBecause(tables, row, dependencies);
    case 'running':
      return row.cancelReason === null ? null : `being stopped: ${row.cancelReason}`;
    case 'done':
      return null;
    case 'ready':
    case 'parked':
    case 'failed':
    case 'cancelled':
    case 'skipped':
      return row.reason;
  }
};

export const taskViewOf = (tables: Tables, row: TaskRow): TaskView => {
  const dependencies = tables.dependencies(row.position);
  return {
    key: row.key,
    spec: row.spec,
    id: row.id,
    title: row.title,
    state: row.state,
    priority: row.priority,
    attempts: row.fence,
    pool: row.pool,
    runnerId: row.runnerId,
    slotId: row.slotId,
    reason: shownReason(tables, row, dependencies),
    notBefore: row.notBefore,
    optional: row.optional,
    requiredSkill: row.requiredSkill,
    dependencies: dependencies.map(({ key, state }) => ({ key, state })),
  };
};
