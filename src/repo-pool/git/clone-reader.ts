import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { gitError, type Git } from './git-command.ts';

/** Highest in rank of all attributes: whatever the files of a clone say, none is passed through a program or changed. */
const UNFILTERED = '* -filter -text -ident -working-tree-encoding\n';

/** Makes an empty git directory by whose configuration files of clones are read: neither the runner's nor the user's. */
export const makeReader = async (git: Git, folder: string, format: string): Promise<Result<string, PortError>> => {
  const reader = join(folder, `reader-${format}.git`);
  await mkdir(reader, { recursive: true, mode: 0o700 });
  const made = await git.run(['init', '-q', '--bare', `--object-format=${format}`, reader], { cwd: reader });
  if (!made.ok) return err(gitError(`cannot make ${reader}`, made));
  await mkdir(join(reader, 'info'), { recursive: true });
  await writeFile(join(reader, 'info', 'attributes'), UNFILTERED);
  return ok(reader);
};
