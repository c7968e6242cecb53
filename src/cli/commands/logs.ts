import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { parseTaskKey } from '../../domain/ids.ts';
import type { AttemptView, TaskDetail } from '../../ports/task-registry.ts';
import { ask } from '../../runtime/ask.ts';
import type { GlobalOptions } from '../configured.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED } from '../io.ts';
import { reading } from '../reading.ts';

export interface LogsOptions extends GlobalOptions {
  readonly attempt?: number;
}

const printLog = async (attempt: AttemptView): Promise<number> => {
  const path = `${attempt.runDir}/output.log`;
  try {
    await pipeline(createReadStream(path), process.stdout, { end: false });
    return EXIT_OK;
  } catch (error) {
    // A reader that has seen enough (`| head`) is not a fault.
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EPIPE') return EXIT_OK;
    // The run folder of an attempt that wrote nothing is used again.
    if (code === 'ENOENT' && attempt.end !== null) return EXIT_OK;
    const why = error instanceof Error ? error.message : String(error);
    return complain(`attempt ${attempt.attempt} has no log that can be read (${why})`, EXIT_UNFINISHED);
  }
};

/** `logs SPEC/ID`: what the last attempt, or the one named, wrote to its output. */
export const logs = (name: string, options: LogsOptions): Promise<number> => {
  const key = parseTaskKey(name);
  if (key === null) return Promise.resolve(complain(`"${name}" is not a task; write SPEC/ID, as \`dispatcher tasks\` shows it`));
  return reading(options, async (registry) => {
    const detail = await ask<TaskDetail>((reply) => registry.task(key.key, reply));
    if (!detail.ok) return complain(detail.error.message, EXIT_UNFINISHED);
    const { attempts } = detail.value;
    const wanted = options.attempt;
    const attempt = wanted === undefined ? attempts.at(-1) : attempts.find((one) => one.attempt === wanted);
    if (attempt !== undefined) return printLog(attempt);
    if (wanted === undefined) return complain(`${name} has not been started yet, so it has no log`, EXIT_UNFINISHED);
    const known = attempts.map((one) => one.attempt).join(', ') || 'none';
    return complain(`${name} has no attempt ${wanted}; its attempts are: ${known}`, EXIT_UNFINISHED);
  });
};
