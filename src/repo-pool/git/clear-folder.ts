import { lstat, rm } from 'node:fs/promises';
import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { makeRemovable } from '../removable.ts';

/** Removes a slot's folder with all in it, or a link that took its place; nothing else, for that is nobody's we know. */
export const clearFolder = async (path: string): Promise<Result<null, PortError>> => {
  const there = await lstat(path).catch(() => null);
  if (there === null) return ok(null);
  if (!there.isDirectory() && !there.isSymbolicLink()) {
    return err(portError('transient', `${path} is a file, where a slot should be; move it away`));
  }
  await makeRemovable(path);
  await rm(path, { recursive: true, force: true });
  return ok(null);
};
