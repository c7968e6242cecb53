import { event } from '../../domain/events.ts';
import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { RunnerHandle } from '../../ports/launcher.ts';
import type { LaunchRecord } from '../../ports/task-registry.ts';
import { noSuchTask } from './claim.ts';
import { outOfOffice } from './office.ts';
import type { Tables } from './tables.ts';
import { note } from './transition.ts';

/** What an event tells of a handle; the whole of it is in the attempt. */
const detailsOf = (handle: RunnerHandle): Readonly<Record<string, unknown>> => {
  switch (handle.kind) {
    case 'process':
      return { pid: handle.pid };
    case 'container':
      return { container: handle.name, containerId: handle.containerId };
    case 'job':
      return { job: handle.name, namespace: handle.namespace, uid: handle.uid };
  }
};

/** Doing it twice stores the later handle and tells of the start once; every adoption is told. */
export const recordLaunch = (tables: Tables, request: LaunchRecord): Result<null, PortError> => {
  const fenced = outOfOffice(tables, request.epoch);
  if (fenced !== null) return err(fenced);
  const row = tables.task(request.key);
  if (row === undefined) return err(noSuchTask(request.key));
  const attempt = tables.attempt(row.position, request.attempt);
  if (attempt === undefined || attempt.attempt !== row.fence || attempt.end !== null) {
    const now = `the task is ${row.state} after ${row.fence} starts`;
    return err(portError('fenced', `attempt ${request.attempt} at ${row.key} is not under way: ${now}`));
  }
  const { startedAt, runnerId, slotId, pool } = attempt;
  const handle = JSON.stringify(request.handle);
  tables.changeAttempt(attempt, startedAt === null ? { handle, startedAt: request.at } : { handle });
  if (startedAt !== null && !request.adopted) return ok(null);
  note(
    tables,
    event(request.adopted ? 'RunnerAdopted' : 'RunnerStarted', request.at, 'dispatcher', {
      spec: row.spec,
      taskId: row.id,
      attempt: request.attempt,
      runnerId,
      slotId,
      pool,
      details: detailsOf(request.handle),
    }),
  );
  return ok(null);
};
