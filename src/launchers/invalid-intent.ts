import { portError, type PortError } from '../domain/failures.ts';
import type { LaunchIntent } from '../ports/launcher.ts';

const isCarriable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** What the kernel cannot take as it is written; `null` when all is well. */
export const invalidIntent = (intent: LaunchIntent): PortError | null => {
  const invalid = (what: string): PortError => portError('invalid', `${intent.task}: ${what}`);
  if (intent.command.length === 0 || intent.command[0] === '') return invalid('the command is empty');
  const argument = intent.command.findIndex((text) => !isCarriable(text));
  if (argument >= 0) {
    return invalid(`command argument ${argument} holds a NUL or half a character, which no program can be given`);
  }
  for (const [name, value] of Object.entries(intent.env)) {
    if (name === '' || name.includes('=') || !isCarriable(name)) {
      const rule = 'a name must not be empty or hold "=" or NUL';
      return invalid(`environment variable ${JSON.stringify(name)}: ${rule}`);
    }
    if (!isCarriable(value)) return invalid(`environment variable ${name} holds a NUL or half a character`);
  }
  for (const path of [intent.cwd, intent.runDir]) {
    if (!path.startsWith('/') || !isCarriable(path)) return invalid(`${JSON.stringify(path)} is not an absolute path`);
  }
  return null;
};
