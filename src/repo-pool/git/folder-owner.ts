import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { portError, type PortError } from '../../domain/failures.ts';
import type { RegistryId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { ProcessTable } from '../../ports/process-table.ts';

const ownerSchema = z.strictObject({ registry: z.string(), pid: z.number().int(), startTime: z.string(), bootId: z.string() });
type Owner = z.infer<typeof ownerSchema>;

const readOwner = async (path: string): Promise<Owner | null> => {
  try {
    const parsed = ownerSchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
};

/**
 * Takes the slots' folder for this dispatcher. Two that live at once would take each other's slots; of
 * one registry there is never more than one, but two registries may name the same folder.
 *
 * @returns `permanent` with the mend when a living dispatcher of another registry has it
 */
export const ownFolder = async (folder: string, registry: RegistryId, processes: ProcessTable): Promise<Result<null, PortError>> => {
  const path = join(folder, 'owner.json');
  const owner = await readOwner(path);
  const bootId = processes.bootId();
  if (owner !== null && owner.registry !== registry && owner.bootId === bootId && processes.isAlive(owner.pid, owner.startTime)) {
    const message = `repo_pool.base_dir: ${dirname(folder)} is in use by another registry's dispatcher (pid ${owner.pid}); name another folder`;
    return err(portError('permanent', message));
  }
  const own: Owner = { registry, pid: process.pid, startTime: processes.find(process.pid)?.startTime ?? '', bootId };
  await writeFile(`${path}.${process.pid}`, JSON.stringify(own), { mode: 0o600 });
  await rename(`${path}.${process.pid}`, path);
  return ok(null);
};
