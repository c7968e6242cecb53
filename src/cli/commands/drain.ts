import { setTimeout as pause } from 'node:timers/promises';
import { ApiClient } from '../client.ts';
import { configurationOf, type GlobalOptions } from '../configured.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED, print, printJson } from '../io.ts';

export interface DrainOptions extends GlobalOptions {
  readonly wait?: boolean;
}

const LOOK_EVERY_MS = 100;

const isThere = async (stateDir: string): Promise<boolean> => (await ApiClient.connect(stateDir)) !== null;

/**
 * `drain`: the dispatcher starts nothing more, waits for what runs without a limit, as `kubectl drain`
 * does, and ends. Where none runs there is nothing to do, so that a script may say it twice.
 */
export const drain = async (options: DrainOptions): Promise<number> => {
  const configuration = configurationOf(options);
  if (!configuration.ok) return complain(configuration.error);
  const { stateDir } = configuration.value;
  const client = await ApiClient.connect(stateDir);
  const tell = (running: number, text: string): void => {
    if (options.json === true) printJson({ draining: client !== null, running });
    else print(text);
  };
  if (client === null) {
    tell(0, 'no dispatcher runs; nothing to drain');
    return EXIT_OK;
  }
  const answer = await client.drain();
  if (!answer.ok && answer.error.kind === 'transient' && !(await isThere(stateDir))) {
    tell(0, 'the dispatcher has ended');
    return EXIT_OK;
  }
  if (!answer.ok) return complain(answer.error.message, EXIT_UNFINISHED);
  const { running } = answer.value;
  tell(running, `draining: nothing new starts; the dispatcher ends once ${running} running have ended`);
  if (options.wait !== true) return EXIT_OK;
  while (await isThere(stateDir)) await pause(LOOK_EVERY_MS);
  if (options.json !== true) print('the dispatcher has ended');
  return EXIT_OK;
};
