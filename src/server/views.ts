import type { DispatcherEvent } from '../domain/events.ts';
import type { TaskView } from '../domain/task.ts';
import type { AttemptView, TaskDetail } from '../ports/task-registry.ts';

/** ISO 8601 in UTC; `null` stays. */
export const isoTime = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** A task as `tasks --json` and `GET /api/v1/tasks` show it. */
export const taskJson = (task: TaskView) => ({
  spec: task.spec,
  id: task.id,
  title: task.title,
  state: task.state,
  priority: task.priority,
  attempts: task.attempts,
  pool: task.pool,
  runner_id: task.runnerId,
  slot_id: task.slotId,
  reason: task.reason,
});

/** An event as `events --json` and `GET /api/v1/events` show it. */
export const eventJson = (event: DispatcherEvent) => ({
  seq: event.seq,
  type: event.type,
  timestamp: isoTime(event.at),
  actor: event.actor,
  spec: event.spec,
  task_id: event.taskId,
  attempt: event.attempt,
  runner_id: event.runnerId,
  slot_id: event.slotId,
  pool: event.pool,
  duration_ms: event.durationMs,
  details: event.details,
});

const attemptJson = (attempt: AttemptView) => ({
  attempt: attempt.attempt,
  runner_id: attempt.runnerId,
  pool: attempt.pool,
  slot_id: attempt.slotId,
  slot_path: attempt.slotPath,
  run_dir: attempt.runDir,
  claimed_at: isoTime(attempt.claimedAt),
  started_at: isoTime(attempt.startedAt),
  ended_at: isoTime(attempt.endedAt),
  outcome: attempt.end,
  reason: attempt.reason,
  counted: attempt.counted,
});

/** One task with everything about it, as `task show --json` shows it. */
export const taskDetailJson = ({ view, definition, attempts }: TaskDetail) => ({
  ...taskJson(view),
  description: definition.description,
  optional: view.optional,
  required_skill: view.requiredSkill,
  not_before: isoTime(view.notBefore),
  command: definition.command,
  dependencies: view.dependencies.map(({ key, state }) => ({ task: key, state })),
  metadata: definition.metadata,
  attempt_history: attempts.map(attemptJson),
});
