import { z } from 'zod';

/** Waves as JSON says them: names as written, not looked up. */
export interface WrittenWave {
  readonly name: string;
  readonly tasks: readonly WrittenTask[];
  /** Names of other waves; `null` when it says nothing. */
  readonly dependsOn: readonly string[] | null;
}

interface WrittenTask {
  readonly id: string;
  readonly dependsOn: readonly string[];
}

/** Numbers as they are written: 1.10 is not 1.1. */
const scalar = z.union([z.string(), z.number().transform(String)]);
const scalars = z.union([z.array(scalar), scalar.transform((one) => [one]), z.null().transform((): string[] => [])]);
const depends = { depends_on: scalars.optional(), dependsOn: scalars.optional(), dependencies: scalars.optional() };
const dependsOf = (of: { readonly [key in keyof typeof depends]?: readonly string[] | undefined }): readonly string[] | null =>
  of.depends_on ?? of.dependsOn ?? of.dependencies ?? null;

const taskObject = z
  .looseObject({ id: scalar.optional(), task: scalar.optional(), task_id: scalar.optional(), taskId: scalar.optional(), ...depends })
  .transform((task, context): WrittenTask => {
    const id = task.id ?? task.task ?? task.task_id ?? task.taskId;
    if (id === undefined) {
      context.addIssue({ code: 'custom', message: 'expected a task with an "id"' });
      return z.NEVER;
    }
    return { id, dependsOn: dependsOf(task) ?? [] };
  });
const task = z.union([scalar.transform((id): WrittenTask => ({ id, dependsOn: [] })), taskObject]);
const tasks = z.union([z.array(task), task.transform((one) => [one])]);

const waveObject = z
  .looseObject({
    id: scalar.optional(),
    wave: scalar.optional(),
    number: scalar.optional(),
    name: scalar.optional(),
    tasks: tasks.optional(),
    task_ids: tasks.optional(),
    taskIds: tasks.optional(),
    ids: tasks.optional(),
    ...depends,
  })
  .transform((wave, context): Omit<WrittenWave, 'name'> & { readonly name: string | null } => {
    const found = wave.tasks ?? wave.task_ids ?? wave.taskIds ?? wave.ids;
    if (found === undefined) context.addIssue({ code: 'custom', message: 'expected a wave with "tasks"' });
    return { name: wave.id ?? wave.wave ?? wave.number ?? wave.name ?? null, tasks: found ?? [], dependsOn: dependsOf(wave) };
  });
/** `["1.1", "1.2"]` and `{"id": 0, "tasks": […]}`. */
const wave = z.union([waveObject, tasks.transform((all) => ({ name: null, tasks: all, dependsOn: null }))]);
const waves = z.union([
  z.array(wave).transform((all) => all.map((one, i): WrittenWave => ({ ...one, name: one.name ?? String(i + 1) }))),
  z.record(z.string(), wave).transform((all) =>
    Object.entries(all).map(([key, one]): WrittenWave => ({ ...one, name: one.name ?? key })),
  ),
]);
const graph = z.union([z.looseObject({ waves }).transform((of) => of.waves), waves]);

/** Some thousands of waves with some thousands of tasks each. */
const MAX_LENGTH = 8 * 2 ** 20;

const asWritten = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === 'number' ? (context?.source ?? String(value)) : value;

/** Ascending where all names are numbers: `{"2": …, "1": …}`. */
const inOrder = (written: readonly WrittenWave[]): readonly WrittenWave[] => {
  const numbers = written.map(({ name }) => Number(name.replace(/^\s*wave[\s_-]*/i, '')));
  if (numbers.some((number) => !Number.isFinite(number)) || new Set(numbers).size < numbers.length) return written;
  return [...written.keys()].toSorted((a, b) => (numbers[a] ?? 0) - (numbers[b] ?? 0)).flatMap((i) => written[i] ?? []);
};

/** Reads `{"waves": […]}` in the variants that are met; text: what is wrong with it, as a clause. */
export const wavesOf = (text: string): readonly WrittenWave[] | string => {
  if (text.length > MAX_LENGTH) return 'is longer than 8 MiB';
  let json: unknown;
  try {
    json = JSON.parse(text, asWritten);
  } catch (error) {
    const why = error instanceof SyntaxError ? (error.message.split('\n')[0] ?? '').slice(0, 120) : 'it is nested too deeply';
    return `is no JSON (${why})`;
  }
  // An object without waves would pass for a record of them only to be refused in its parts.
  const isOther = json === null || typeof json !== 'object' || (!Array.isArray(json) && !('waves' in json));
  const parsed = isOther ? null : graph.safeParse(json);
  if (parsed === null || !parsed.success) return 'has no list of "waves" with the ids of tasks in each';
  return inOrder(parsed.data);
};
