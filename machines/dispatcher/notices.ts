import { formatDuration } from '../../src/domain/quantities.ts';
import type { Told } from './records.ts';

/** What the Dispatcher tells a person who watches. Plain actions. */
export const notices = {
  tellRunning: ({ context, event }: Told): void => {
    const adopted = event.type === 'recovery.finished' ? event.adoptions.length : 0;
    context.telemetry.tell({ type: 'dispatcherRunning', adopted });
  },
  tellSettled: ({ context, event }: Told): void => {
    if (event.type !== 'runner.settled') return;
    const { task, runnerId, attempt, outcome, report, reason, durationMs } = event;
    context.telemetry.tell({
      type: 'runnerSettled',
      task: task.key,
      runnerId,
      pool: event.pool,
      attempt,
      outcome,
      taskState: report?.taskState ?? null,
      reason,
      durationMs,
      retryInMs: report?.notBefore == null ? null : Math.max(0, report.notBefore - context.wall()),
    });
  },
  tellPoolChanged: ({ context, event }: Told): void => {
    if (event.type !== 'pool.changed') return;
    const { pool, state, reason } = event;
    context.telemetry.tell({ type: 'poolChanged', pool, state, reason });
  },
  tellWaiting: ({ context }: Told): void => {
    const { timeoutMs } = context.settings.shutdown;
    context.telemetry.tell({ type: 'shutdownWaiting', runners: context.scheduler.ledger.running, timeoutMs });
  },
  tellDraining: ({ context }: Told): void => {
    context.telemetry.tell({ type: 'draining', runners: context.scheduler.ledger.running });
  },
  tellAborting: ({ context }: Told): void => {
    const { stopGraceMs: graceMs } = context.settings;
    context.telemetry.tell({ type: 'shutdownStopping', runners: context.scheduler.ledger.running, graceMs });
  },
  tellThrottled: ({ context, event }: Told): void => {
    if (event.type !== 'pool.throttled') return;
    const { pool, until, reason } = event;
    const rest = formatDuration(until - context.wall());
    context.telemetry.tell({ type: 'poolChanged', pool, state: `throttled for ${rest}`, reason });
  },
  tellUnwritten: ({ context }: Told): void => {
    const { size, dropped } = context.eventBuffer;
    if (size + dropped === 0) return;
    const message = `${size + dropped} events may be lost: they could be written neither to the registry nor to the journal`;
    context.telemetry.tell({ type: 'trouble', message, task: null, pool: null });
  },
};
