import type { Configuration } from '../../config/configuration.ts';
import { neverPlacedBy } from '../../server/never-placed.ts';
import type { LogLevel } from '../../telemetry/log-entry.ts';
import { configurationOf, type GlobalOptions } from '../configured.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED } from '../io.ts';
import { openVoice, type LogFormat, type Voice } from '../output/voice.ts';
import { summarise } from '../output/summary.ts';
import { openWorking, work, type Working } from '../working.ts';

export interface StartOptions extends GlobalOptions {
  readonly untilIdle?: boolean;
  readonly standby?: boolean;
  readonly logLevel?: LogLevel;
  readonly logFormat?: LogFormat;
}

/** What was opened; or the exit code of one that could not be, or of a standby that was told to stop. */
const open = async (configuration: Configuration, options: StartOptions, { say, progress }: Voice): Promise<Working | number> => {
  const { untilIdle = false, standby = false } = options;
  const reread = (): ReturnType<typeof configurationOf> => configurationOf(options);
  if (!standby) {
    const opened = await openWorking(configuration, { untilIdle, reread }, progress);
    return opened.ok ? opened.value : complain(opened.error.message);
  }
  const waiting = new AbortController();
  const stop = (): void => waiting.abort();
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    const opened = await openWorking(configuration, { untilIdle, reread, standby: { signal: waiting.signal, tell: say } }, progress);
    if (opened.ok && !waiting.signal.aborted) return opened.value;
    if (opened.ok) await opened.value.dispatcher.close();
    return opened.ok || waiting.signal.aborted ? EXIT_OK : complain(opened.error.message);
  } finally {
    process.off('SIGTERM', stop);
    process.off('SIGINT', stop);
  }
};

/** `start`: works until told to stop or, with `--until-idle`, until nothing is left to do. */
export const start = async (options: StartOptions): Promise<number> => {
  const configuration = configurationOf(options);
  if (!configuration.ok) return complain(configuration.error);
  const voice = await openVoice(configuration.value, options);
  const working = await open(configuration.value, options, voice);
  if (typeof working === 'number') return working;
  const { dispatcher } = working;
  const onHangup = (): void => void dispatcher.reload('signal:SIGHUP');
  process.on('SIGHUP', onHangup);
  const begun = performance.now();
  void dispatcher.api.then((api) => {
    if (api.ok && api.value !== null) voice.say(`dispatcher ${process.pid} works; API at ${api.value}`);
  });
  return work(working, async () => {
    if (options.untilIdle !== true) return EXIT_OK;
    const verdict = await summarise(
      dispatcher.registry,
      neverPlacedBy(configuration.value),
      null,
      performance.now() - begun,
      voice.say,
    );
    if (!verdict.ok) return complain(verdict.error.message, EXIT_UNFINISHED);
    return verdict.value.complete ? EXIT_OK : EXIT_UNFINISHED;
  });
};
