import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { portError, type PortError } from '../domain/failures.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { EnvironmentReader } from '../ports/environment-source.ts';

/** Bytes; more is no token, and no variable either. */
const LONGEST = 64 * 1024;

const wrong = (what: string): Result<string, PortError> => err(portError('permanent', what));

const firstLine = (path: string): Result<string, PortError> => {
  try {
    // A pipe would hold up everything.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!fstatSync(file).isFile()) return wrong(`${path} is not a file; name the file that holds the value`);
      const bytes = Buffer.alloc(LONGEST + 1);
      const length = readSync(file, bytes, 0, bytes.length, 0);
      if (length > LONGEST) return wrong(`${path} is longer than 64 KiB; expected one line`);
      const line = bytes.toString('utf8', 0, length).split(/\r?\n/, 1)[0] ?? '';
      return line === '' || line.includes('\0') ? wrong(`${path} has no text in its first line; write the value there`) : ok(line);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return wrong(`${path} cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'}); check the path and its permissions`);
  }
};

/** Of the dispatcher's own environment, and of files. */
export const environmentReader = (env: NodeJS.ProcessEnv): EnvironmentReader => ({
  read: (source) => {
    if (source.kind === 'file') return firstLine(source.path);
    const value = Object.hasOwn(env, source.name) ? env[source.name] : undefined;
    return value === undefined
      ? wrong(`the dispatcher's environment has no ${source.name}; set it where the dispatcher is started, and start it again`)
      : ok(value);
  },
});
