import { reloadText } from '../../server/reloading.ts';
import { ApiClient } from '../client.ts';
import { configurationOf, type GlobalOptions } from '../configured.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED, EXIT_USAGE, print, printJson } from '../io.ts';

/** `reload`: the dispatcher reads its configuration again, and goes by it from now on. */
export const reload = async (options: GlobalOptions): Promise<number> => {
  const configuration = configurationOf(options);
  if (!configuration.ok) return complain(configuration.error);
  const client = await ApiClient.connect(configuration.value.stateDir);
  if (client === null) {
    return complain('no dispatcher runs; the configuration is read by the next `dispatcher start`', EXIT_UNFINISHED);
  }
  const answer = await client.reload();
  if (!answer.ok) return complain(answer.error.message, answer.error.kind === 'invalid' ? EXIT_USAGE : EXIT_UNFINISHED);
  if (options.json === true) printJson(answer.value);
  else for (const line of [reloadText(answer.value), ...answer.value.notes.map((note) => `note: ${note}`)]) print(line);
  return EXIT_OK;
};
