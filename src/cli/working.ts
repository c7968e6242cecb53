import { openDispatcher, type Dispatcher, type DispatcherOptions, type OpenFailure } from '../app.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Result } from '../domain/result.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED, warn } from './io.ts';
import { createProgress, type Progress } from './output/progress.ts';

/** A dispatcher in this process, and what shows its progress. */
export interface Working {
  readonly dispatcher: Dispatcher;
  readonly progress: Progress;
}

export const openWorking = async (
  configuration: Configuration,
  options: Pick<DispatcherOptions, 'untilIdle' | 'standby' | 'reread'>,
  progress: Progress = createProgress(),
): Promise<Result<Working, OpenFailure>> => {
  const opened = await openDispatcher(configuration, { ...options, telemetry: progress });
  if (!opened.ok) return opened;
  return { ok: true, value: { dispatcher: opened.value, progress } };
};

/**
 * Starts the dispatcher and stays with it until its end. The first SIGTERM or SIGINT asks it to stop,
 * the next ones not to wait.
 *
 * @param verdict asked at a natural end whether all is well
 */
export const work = async (
  { dispatcher, progress }: Working,
  verdict: () => Promise<number>,
): Promise<number> => {
  const onSignal = (signal: NodeJS.Signals): void => {
    dispatcher.shutdown(signal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  try {
    dispatcher.start();
    void dispatcher.api.then((api) => (api.ok ? undefined : warn(api.error.message)));
    const end = await dispatcher.finished;
    progress.end();
    if (end.failure !== null) return complain(`the dispatcher failed: ${end.failure}`, EXIT_UNFINISHED);
    const code = await verdict();
    // Stopped by a signal or drained: what is left undone was left on purpose.
    return end.reason === 'idle' ? code : EXIT_OK;
  } finally {
    progress.end();
    await dispatcher.close();
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
  }
};
