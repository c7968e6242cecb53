import { accessSync, constants, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { LaunchIntent } from '../../ports/launcher.ts';

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/**
 * Whether the command is there to be executed, as execvp(3) would search for it. Asked where another program
 * enters it, which would tell of a missing one by an exit code of its own.
 */
export const findsProgram = ({ command, env, cwd }: Pick<LaunchIntent, 'command' | 'env' | 'cwd'>): boolean => {
  const name = command[0] ?? '';
  if (name.includes('/')) return isProgram(resolve(cwd, name));
  const path = env['PATH'] === undefined || env['PATH'] === '' ? '/bin:/usr/bin' : env['PATH'];
  return path.split(':').some((folder) => isProgram(resolve(cwd, join(folder === '' ? '.' : folder, name))));
};
