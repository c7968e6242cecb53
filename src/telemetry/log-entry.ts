import type { Notice } from '../ports/telemetry.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One line of the log, before it is written. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** `durationMs` is `duration_ms` in everything that programs read. */
const written = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const fieldsOf = (notice: Notice): Readonly<Record<string, unknown>> => {
  const { type: event, ...rest } = notice;
  const known = Object.entries(rest).filter(([key, value]) => value !== null && key !== 'message');
  return { event, ...Object.fromEntries(known.map(([key, value]) => [written(key), value])) };
};

const settled = ({ taskState, task, outcome }: Extract<Notice, { type: 'runnerSettled' }>): Pick<LogEntry, 'level' | 'message'> => {
  switch (taskState) {
    case null:
      return { level: 'debug', message: `${task} was not started` };
    case 'failed':
      return { level: 'error', message: `failed ${task}` };
    case 'ready':
      return { level: outcome === 'interrupted' ? 'info' : 'warn', message: `again ${task}` };
    default:
      return { level: 'info', message: `${taskState} ${task}` };
  }
};

const said = (notice: Notice): Pick<LogEntry, 'level' | 'message'> => {
  switch (notice.type) {
    case 'runnerSettled':
      return settled(notice);
    case 'runnerStarted':
      return { level: 'info', message: `${notice.adopted ? 'adopted' : 'started'} ${notice.task}` };
    case 'dispatcherRunning':
      return { level: 'info', message: 'running' };
    case 'launchFailed':
      return { level: 'warn', message: `launch failed: ${notice.message}` };
    case 'taskUnplaceable':
      return { level: 'warn', message: `${notice.task} cannot be placed: ${notice.reason}` };
    case 'poolChanged':
      return { level: notice.state === 'tripped' ? 'warn' : 'info', message: `pool ${notice.pool} is ${notice.state}` };
    case 'reloaded':
      return { level: 'info', message: notice.message };
    case 'draining':
      return { level: 'info', message: 'draining: nothing new starts' };
    case 'shutdownWaiting':
      return { level: 'info', message: 'stopping: nothing new starts' };
    case 'shutdownStopping':
      return { level: 'info', message: `stopping ${notice.runners} running` };
    case 'trouble':
      return { level: 'warn', message: notice.message };
    default:
      // A notice that has no sentence here is told by its name and its facts.
      return { level: 'info', message: (notice as Notice).type };
  }
};

/** A notice as a line of the log: task, runner, pool and attempt in fields of their own, where they are known. */
export const logEntry = (notice: Notice): LogEntry => ({ ...said(notice), fields: fieldsOf(notice) });
