import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** What `git worktree add` and its checkout leave in an administrative folder; all else is of some operation in progress. */
const LASTING = new Set(['HEAD', 'ORIG_HEAD', 'index', 'gitdir', 'commondir', 'locked', 'logs', 'modules', 'refs', 'config.worktree', 'info']);

/** The other part of an index that is split in two (`core.splitIndex`). */
const SHARED_INDEX = 'sharedindex.';

const PRISTINE = 'dispatcher-pristine.json';

/** Settings of one worktree alone, and where they lie. */
const OWN_SETTINGS = { config: 'config.worktree', sparse: join('info', 'sparse-checkout') } as const;

const pristineSchema = z.strictObject({ config: z.string().nullable(), sparse: z.string().nullable() });
type Pristine = z.infer<typeof pristineSchema>;

const textOf = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null);

const settingsOf = async (admin: string): Promise<Pristine> => ({
  config: await textOf(join(admin, OWN_SETTINGS.config)),
  sparse: await textOf(join(admin, OWN_SETTINGS.sparse)),
});

/** Remembers the settings with which a worktree was made: a user's sparse checkout is copied into it by git. */
export const rememberPristine = async (admin: string): Promise<void> =>
  writeFile(join(admin, PRISTINE), JSON.stringify(await settingsOf(admin)));

const pristineOf = async (admin: string): Promise<Pristine | null> => {
  try {
    const parsed = pristineSchema.safeParse(JSON.parse(await readFile(join(admin, PRISTINE), 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
};

/** Whether the worktree was made as a sparse checkout, so that missing files are no sign of anything. */
export const isSparse = async (admin: string): Promise<boolean> => ((await pristineOf(admin))?.sparse ?? null) !== null;

/** Whether the index is whole in its file, so that a copy of that can be read elsewhere. */
export const hasWholeIndex = async (admin: string): Promise<boolean> =>
  !(await readdir(admin)).some((name) => name.startsWith(SHARED_INDEX));

/**
 * Removes locks that a killed git left. Only where no process can hold one: the runner of the slot is
 * dead, and nobody else is in it.
 */
export const removeLocks = async (admin: string): Promise<void> => {
  for (const name of await readdir(admin)) if (name.endsWith('.lock')) await rm(join(admin, name), { recursive: true, force: true });
  await rm(join(admin, 'logs', 'HEAD.lock'), { force: true });
};

/** Ends what the runner did not: merges, rebases, bisections; and takes back its settings of this worktree. */
export const tidy = async (admin: string): Promise<void> => {
  for (const name of await readdir(admin)) {
    if (!LASTING.has(name) && name !== PRISTINE && !name.startsWith(SHARED_INDEX)) await rm(join(admin, name), { recursive: true, force: true });
  }
  const pristine = await pristineOf(admin);
  if (pristine === null) return;
  const present = await settingsOf(admin);
  for (const key of ['config', 'sparse'] as const) {
    const path = join(admin, OWN_SETTINGS[key]);
    const text = pristine[key];
    if (present[key] === text) continue;
    if (text === null) await rm(path, { force: true });
    else await writeFile(path, text);
  }
};
