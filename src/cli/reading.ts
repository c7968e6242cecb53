import { readRegistry } from '../app.ts';
import type { Configuration } from '../config/configuration.ts';
import type { TaskRegistry } from '../ports/task-registry.ts';
import { ask } from '../runtime/ask.ts';
import { configurationOf, type GlobalOptions } from './configured.ts';
import { complain, EXIT_UNFINISHED } from './io.ts';

/** Opens the registry of this configuration to read, does `work`, and closes it again. */
export const reading = async (
  options: GlobalOptions,
  work: (registry: TaskRegistry, configuration: Configuration) => Promise<number>,
): Promise<number> => {
  const configuration = configurationOf(options);
  if (!configuration.ok) return complain(configuration.error);
  const opened = await readRegistry(configuration.value);
  if (!opened.ok) return complain(opened.error.message, opened.error.kind === 'notFound' ? EXIT_UNFINISHED : undefined);
  try {
    return await work(opened.value, configuration.value);
  } finally {
    await ask<null>((reply) => opened.value.close(reply));
  }
};
