import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** What is written down of the attempt that a slot was last prepared for: whose work it is if it is found there after a crash. */
const lendingSchema = z.strictObject({
  registry: z.string(),
  spec: z.string(),
  id: z.string(),
  attempt: z.number().int(),
  runner: z.string(),
  /** ms since the epoch: when it was prepared. */
  at: z.number(),
  /** False until the branch is checked out: before that nobody has worked there. */
  ready: z.boolean(),
  branch: z.string().nullable(),
  /** Commit that the branch began at. */
  base: z.string().nullable(),
  /** Whether the slot was taken back since: whatever was in it is saved. */
  returned: z.boolean().default(false),
  /** Whether it was made so that nothing in it leads to the repository. */
  isolated: z.boolean().default(false),
});

export type Lending = Readonly<z.infer<typeof lendingSchema>>;

/**
 * The lendings of all slots, a file each, beside the slots and not inside a worktree's git directory:
 * that one may be pruned, corrupt, or (in a clone) written by the runner.
 */
export class Lendings {
  readonly folder: string;

  constructor(baseDir: string) {
    this.folder = join(baseDir, '.lendings');
  }

  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
  }

  /** `null` when there is none, or it cannot be read: then nobody knows whose the work is, which is no reason to lose it. */
  async read(slot: string): Promise<Lending | null> {
    try {
      const parsed = lendingSchema.safeParse(JSON.parse(await readFile(this.#path(slot), 'utf8')));
      return parsed.success ? parsed.data : null;
    } catch {
      return null;
    }
  }

  /** Replaces it in one step. Rejects as the file system does. */
  async write(slot: string, lending: Lending): Promise<void> {
    const path = this.#path(slot);
    // Also when somebody removed the folder meanwhile.
    await this.open();
    await writeFile(`${path}.new`, JSON.stringify(lending), { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  /** For indexes and the like of work on one slot. */
  scratch(slot: string, name: string): string {
    return join(this.folder, `${slot}.${name}`);
  }

  #path(slot: string): string {
    return join(this.folder, `${slot}.json`);
  }
}
