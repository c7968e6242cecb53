import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { formatDuration } from '../../domain/quantities.ts';
import type { TaskKey } from '../../domain/ids.ts';
import type { Notice, Telemetry } from '../../ports/telemetry.ts';
import { colours } from '../io.ts';
import { stateColour } from './state-colour.ts';

/** What a watching person sees while tasks run. */
export interface Progress extends Telemetry {
  /** @param done of `total`, how many need nothing more */
  begin(total: number, done: number): void;
  end(): void;
}

type Settled = Extract<Notice, { type: 'runnerSettled' }>;

const settledLine = (notice: Settled): string | null => {
  const { taskState, task, reason, attempt, retryInMs } = notice;
  if (taskState === null) return null;
  const took = notice.durationMs === null ? '' : colours.dim(` ${formatDuration(notice.durationMs)}`);
  const why = reason === null ? '' : ` ${reason}`;
  if (taskState !== 'ready') {
    const tail = taskState === 'done' ? took : `${why} ${colours.dim(`(attempt ${attempt})`)}`;
    return `${stateColour(taskState, taskState.padEnd(9))} ${task}${tail}`;
  }
  const when = retryInMs === null ? 'at once' : `in ${formatDuration(retryInMs)}`;
  return `${colours.yellow('again'.padEnd(9))} ${task}${why} ${colours.dim(`(attempt ${attempt}); ${when}`)}`;
};

const mendOf = ([first]: readonly string[]): string => (first === undefined ? '' : `; for instance: ${first}`);

/** A notice as one line; `null` for those that only a bar shows. */
const lineOf = (notice: Notice): string | null => {
  switch (notice.type) {
    case 'runnerSettled':
      return settledLine(notice);
    case 'runnerStarted':
      return notice.adopted ? `${colours.cyan('adopted'.padEnd(9))} ${notice.task}` : null;
    case 'dispatcherRunning':
      return notice.adopted === 0 ? null : `taking over ${notice.adopted} runners of an earlier dispatcher`;
    case 'taskUnplaceable':
      return `${colours.yellow('warning')}   ${notice.task} cannot be placed: ${notice.reason}`;
    case 'deadlockDetected':
      return `${colours.yellow('warning')}   ${notice.deadlock.text}${mendOf(notice.deadlock.mends)}`;
    case 'deadlockResolved':
      return `${colours.green('resolved')}  ${notice.deadlock.text}`;
    case 'poolChanged':
      return `pool ${notice.pool} is ${notice.state}${notice.reason === '' ? '' : `: ${notice.reason}`}`;
    case 'reloaded':
      return notice.message;
    case 'draining':
      return `draining: nothing new starts; waiting for ${notice.runners} running, however long (a signal sets a limit)`;
    case 'shutdownWaiting': {
      const limit = formatDuration(notice.timeoutMs);
      if (notice.runners === 0) return 'stopping: nothing runs';
      return `stopping: nothing new starts; waiting up to ${limit} for ${notice.runners} running (a second signal ends the wait)`;
    }
    case 'shutdownStopping': {
      const grace = formatDuration(notice.graceMs);
      return `stopping ${notice.runners} running: terminate, kill after ${grace} (another signal kills at once)`;
    }
    case 'launchFailed':
      return `${colours.yellow('warning')}   ${notice.task === null ? '' : `${notice.task}: `}launch failed: ${notice.message}`;
    case 'preparing':
      return `${colours.dim('preparing')} ${notice.task}: ${notice.message}`;
    case 'trouble':
      return `${colours.yellow('warning')}   ${notice.task === null ? '' : `${notice.task}: `}${notice.message}`;
  }
};

/** One line for each thing that happens. */
export const plainProgress = (write: (text: string) => void): Progress => ({
  begin: (total, done) => {
    const already = done === 0 ? '' : `, ${done} done already`;
    write(`${total} ${total === 1 ? 'task' : 'tasks'}${already}\n`);
  },
  tell: (notice) => {
    const line = lineOf(notice);
    if (line !== null) write(`${line}\n`);
  },
  end: () => undefined,
});

const NAMES_SHOWN = 3;

/** The same lines above a bar that says how far it is and what runs. */
export const barProgress = (): Progress => {
  const running = new Set<TaskKey>();
  const bars = new MultiBar(
    {
      format: `{bar} {value}/{total} ${colours.dim('{names}')}`,
      barsize: 24,
      hideCursor: true,
      linewrap: false,
      clearOnComplete: true,
      forceRedraw: true,
      fps: 10,
    },
    Presets.rect,
  );
  let bar: SingleBar | null = null;
  let isOver = false;
  const names = (): string => {
    const shown = [...running].slice(0, NAMES_SHOWN).join(', ');
    return running.size > NAMES_SHOWN ? `${shown} and ${running.size - NAMES_SHOWN} more` : shown;
  };
  return {
    begin: (total, done) => {
      bar = bars.create(total, done, { names: '' });
    },
    tell: (notice) => {
      const line = lineOf(notice);
      // Without a bar (`start`) or after it, nothing would ever draw what is logged above it.
      if (line !== null && (bar === null || isOver)) process.stdout.write(`${line}\n`);
      else if (line !== null) bars.log(`${line}\n`);
      if (notice.type === 'runnerStarted') running.add(notice.task);
      if (notice.type !== 'runnerSettled' && notice.type !== 'runnerStarted') return;
      if (notice.type === 'runnerSettled') {
        running.delete(notice.task);
        if (notice.taskState !== null && notice.taskState !== 'ready') bar?.increment({ names: names() });
      }
      bar?.update({ names: names() });
    },
    end: () => {
      // A second stop would clear what was printed below the bar since.
      if (bar === null || isOver) return;
      isOver = true;
      // Lines wait for the next time the bar is drawn: this is the last.
      bars.update();
      bars.stop();
    },
  };
};

/**
 * Collects what is written in one turn of the event loop into one write: to a file or a pipe each is
 * a blocking system call.
 */
const buffered = (): { readonly write: (text: string) => void; readonly flush: () => void } => {
  let waiting = '';
  const flush = (): void => {
    const text = waiting;
    waiting = '';
    if (text !== '') process.stdout.write(text);
  };
  return {
    write: (text) => {
      if (waiting === '') setTimeout(flush, FLUSH_MS);
      waiting += text;
    },
    flush,
  };
};

/** Short enough that nobody sees it. */
const FLUSH_MS = 20;

export const createProgress = (): Progress => {
  // A dumb terminal cannot move its cursor, which a bar needs.
  if (process.stdout.isTTY && process.env['TERM'] !== 'dumb') return barProgress();
  const output = buffered();
  return { ...plainProgress(output.write), end: output.flush };
};
