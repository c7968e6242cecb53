import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RegistryId } from '../../domain/ids.ts';
import type { Identity } from './git-command.ts';

/** How git begins its line for a branch that is made, or made again, and not moved by work. */
export const MADE = 'branch: ';

/** Who commits salvage, and, by the reflog, who made a branch. */
export const dispatcherIdentity = (registry: RegistryId | null): Identity => ({
  name: 'dispatcher',
  email: `${registry ?? 'salvage'}@dispatcher.invalid`,
});

/**
 * Whether this registry made a branch that nobody has moved since: its reflog has no line but ours,
 * each of the branch being made. Where reflogs are kept otherwise it is not known, and the answer is no.
 */
export const isUntouched = async (commonDir: string, branch: string, registry: RegistryId): Promise<boolean> => {
  const log = await readFile(join(commonDir, 'logs', 'refs', 'heads', branch), 'utf8').catch(() => '');
  const lines = log.split('\n').filter((line) => line !== '');
  const { email } = dispatcherIdentity(registry);
  return lines.length > 0 && lines.every((line) => line.includes(`<${email}>`) && line.includes(`\t${MADE}`));
};
