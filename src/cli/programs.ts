import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/** Where a program is, by its path or on a search path; `null` where it is not. */
export const programPath = (name: string, searchPath = process.env['PATH'] ?? ''): string | null => {
  if (name.includes('/')) return isAbsolute(name) && isProgram(name) ? name : null;
  for (const folder of searchPath.split(delimiter)) {
    const path = join(folder, name);
    if (isAbsolute(path) && isProgram(path)) return path;
  }
  return null;
};

export interface Said {
  readonly code: number | null;
  /** Standard output, without the last line break. */
  readonly text: string;
  /** The first line of standard error, or why it could not be run. */
  readonly trouble: string;
}

/** Programs that are only asked something answer within this; ms. */
const ANSWER_MS = 10_000;

/** Runs a program that only tells something, to its end. */
export const say = (file: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Said => {
  const ended = spawnSync(file, args, { env, encoding: 'utf8', timeout: ANSWER_MS, stdio: ['ignore', 'pipe', 'pipe'] });
  // What could not be run has no output at all, whatever its type says.
  const [stdout = '', stderr = ''] = [ended.stdout, ended.stderr].map((text: string | null) => text ?? '');
  return { code: ended.status, text: stdout.trimEnd(), trouble: ended.error?.message ?? stderr.split('\n')[0] ?? '' };
};

/** Variables of git that would lead it to another repository than the one it is asked about. */
const environmentForGit = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))),
  LC_ALL: 'C',
});

export const git = (folder: string, ...args: readonly string[]): Said => say('git', ['-C', folder, ...args], environmentForGit());
