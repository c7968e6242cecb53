import { neverPlacedBy } from '../../server/never-placed.ts';
import { configurationOf, type GlobalOptions } from '../configured.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED, print } from '../io.ts';
import { summarise } from '../output/summary.ts';
import { openWorking, work } from '../working.ts';

export interface StartOptions extends GlobalOptions {
  readonly untilIdle?: boolean;
}

/** `start`: works until told to stop or, with `--until-idle`, until nothing is left to do. */
export const start = async (options: StartOptions): Promise<number> => {
  const configuration = configurationOf(options);
  if (!configuration.ok) return complain(configuration.error);
  const opened = await openWorking(configuration.value, options.untilIdle ?? false);
  if (!opened.ok) return complain(opened.error.message);
  const { dispatcher } = opened.value;
  const begun = performance.now();
  void dispatcher.api.then((api) => {
    if (api.ok && api.value !== null) print(`dispatcher ${process.pid} works; API at ${api.value}`);
  });
  return work(opened.value, async () => {
    if (options.untilIdle !== true) return EXIT_OK;
    const verdict = await summarise(
      dispatcher.registry,
      neverPlacedBy(configuration.value),
      null,
      performance.now() - begun,
    );
    if (!verdict.ok) return complain(verdict.error.message, EXIT_UNFINISHED);
    return verdict.value.complete ? EXIT_OK : EXIT_UNFINISHED;
  });
};
