import { resolve } from 'node:path';
import { readSalvage } from '../../app.ts';
import type { PortError } from '../../domain/failures.ts';
import { parseTaskKey } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Salvage, SalvagedWork } from '../../ports/salvage.ts';
import { isoTime } from '../../server/views.ts';
import { configurationOf, type GlobalOptions } from '../configured.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED, print, printJson } from '../io.ts';
import { table } from '../output/table.ts';

export interface RestoreOptions extends GlobalOptions {
  readonly attempt?: number;
  /** Folder to write the files to. */
  readonly to?: string;
  readonly branch?: string;
  readonly force?: boolean;
}

/** Opens the salvage of this configuration and does `work`. */
const withSalvage = async (options: GlobalOptions, work: (salvage: Salvage) => Promise<number>): Promise<number> => {
  const configuration = configurationOf(options);
  if (!configuration.ok) return complain(configuration.error);
  const salvage = await readSalvage(configuration.value);
  if (!salvage.ok) return complain(salvage.error.message, salvage.error.kind === 'notFound' ? EXIT_UNFINISHED : undefined);
  return work(salvage.value);
};

const asJson = ({ spec, id, attempt, ref, commit, at, slot, branch }: SalvagedWork) => ({
  spec,
  id,
  attempt,
  ref,
  commit,
  timestamp: isoTime(at),
  slot_id: slot,
  branch,
});

/** `salvage list`: work that runners left in their slots, of which no branch has it. */
export const salvageList = (options: GlobalOptions): Promise<number> =>
  withSalvage(options, async (salvage) => {
    const found = await salvage.list();
    if (!found.ok) return complain(found.error.message, EXIT_UNFINISHED);
    if (options.json === true) printJson(found.value.map(asJson));
    else if (found.value.length === 0) print('nothing was salvaged');
    else {
      const rows = found.value.map((work) => [`${work.spec}/${work.id}`, String(work.attempt), isoTime(work.at) ?? '', work.slot, work.ref]);
      print(table(['TASK', 'ATTEMPT', 'BEGUN', 'SLOT', 'REF'], rows));
      print('dispatcher salvage restore SPEC/ID brings one back');
    }
    return EXIT_OK;
  });

/** The latest of the task, or of the attempt. */
const choose = (all: readonly SalvagedWork[], name: string, attempt: number | undefined): Result<SalvagedWork, string> => {
  const key = parseTaskKey(name);
  if (key === null) return err(`"${name}" is not a task; write SPEC/ID, as \`dispatcher salvage\` shows it`);
  const ofTask = all.filter((work) => work.spec === key.spec && work.id === key.id);
  const fitting = attempt === undefined ? ofTask : ofTask.filter((work) => work.attempt === attempt);
  const latest = fitting.at(-1);
  if (latest !== undefined) return ok(latest);
  const there = [...new Set(ofTask.map((work) => work.attempt))].join(', ');
  if (attempt !== undefined && there !== '') return err(`nothing of attempt ${attempt} at ${name} was salvaged; there is work of attempt ${there}`);
  return err(`nothing of ${name} was salvaged; \`dispatcher salvage\` lists what was`);
};

interface Restored {
  readonly error: PortError | null;
  /** What to say, a line each. */
  readonly lines: readonly string[];
}

const restoreTo = async (salvage: Salvage, work: SalvagedWork, options: RestoreOptions): Promise<Restored> => {
  const what = `attempt ${work.attempt} at ${work.spec}/${work.id}`;
  const force = options.force ?? false;
  if (options.to !== undefined) {
    const folder = resolve(options.to);
    const written = await salvage.toFolder(work, folder, force);
    return { error: written.ok ? null : written.error, lines: [`${what}: its files are in ${folder}`] };
  }
  const branch = options.branch ?? work.ref.slice('refs/'.length);
  const made = await salvage.toBranch(work, branch, force);
  const look = `look: git show ${branch}; take: git switch ${branch}, or git merge ${branch}`;
  return { error: made.ok ? null : made.error, lines: [`${what}: its work is on branch ${branch}`, look] };
};

const FILES_SHOWN = 20;

const printChanges = (changes: readonly string[]): void => {
  for (const path of changes.slice(0, FILES_SHOWN)) print(`  ${path}`);
  if (changes.length > FILES_SHOWN) print(`  and ${changes.length - FILES_SHOWN} more`);
};

/** `salvage restore SPEC/ID`: brings work back, on a branch or into a folder. */
export const salvageRestore = (name: string, options: RestoreOptions): Promise<number> => {
  if (options.to !== undefined && options.branch !== undefined) {
    return Promise.resolve(complain('--to and --branch are two ways to restore; give one of them'));
  }
  return withSalvage(options, async (salvage) => {
    const all = await salvage.list();
    if (!all.ok) return complain(all.error.message, EXIT_UNFINISHED);
    const chosen = choose(all.value, name, options.attempt);
    if (!chosen.ok) return complain(chosen.error);
    const work = chosen.value;
    const { error, lines } = await restoreTo(salvage, work, options);
    if (error !== null) return complain(error.message);
    for (const line of lines) print(line);
    const changes = await salvage.changes(work);
    if (changes.ok) printChanges(changes.value);
    const siblings = all.value.filter((other) => other.ref !== work.ref && other.spec === work.spec && other.id === work.id);
    if (siblings.length > 0) print(`also salvaged of this task: ${siblings.map(({ ref }) => ref).join(', ')}`);
    return EXIT_OK;
  });
};
