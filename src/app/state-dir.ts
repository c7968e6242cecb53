import { mkdirSync } from 'node:fs';
import { basename } from 'node:path';
import { portError, type PortError } from '../domain/failures.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { excludeFolder } from '../repo-pool/git/exclude-folder.ts';

/** Keeps the state folder out of the repository it may lie in; a folder of the user's that is only shared is left alone. */
export const makeStateDir = async (stateDir: string, trouble: (message: string) => void): Promise<Result<null, PortError>> => {
  let isOurs = basename(stateDir) === '.dispatcher';
  try {
    isOurs = mkdirSync(stateDir, { recursive: true, mode: 0o700 }) !== undefined || isOurs;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(portError('permanent', `state_dir ${stateDir} cannot be made (${why}); name another one`));
  }
  try {
    if (isOurs) await excludeFolder(stateDir);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    trouble(`${stateDir} is not kept out of git (${why}); add it to .gitignore`);
  }
  return ok(null);
};
