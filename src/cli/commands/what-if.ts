import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { readRegistry } from '../../app.ts';
import { forecastRegistry } from '../../app/simulated-registries.ts';
import type { Configuration } from '../../config/configuration.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { TaskSet } from '../../domain/task.ts';
import { ask } from '../../runtime/ask.ts';
import { isUncertain, type DurationModel } from '../../simulation/what-if/durations.ts';
import { ganttSvg } from '../../simulation/what-if/gantt.ts';
import { forecastVariant, type VariantForecast } from '../../simulation/what-if/variant.ts';
import { configurationOf, type GlobalOptions } from '../configured.ts';
import { colours, complain, EXIT_OK, EXIT_UNFINISHED, print, printJson } from '../io.ts';
import { planToSubmit, type SubmissionOptions } from '../submission.ts';
import { DEFAULT_DURATION, readDurations } from '../what-if/durations-file.ts';
import { learnDurations } from '../what-if/learned-durations.ts';
import { forecastJson, forecastText, panelsOf } from '../what-if/report.ts';
import { variantsOf, type VariantWishes } from '../what-if/variants.ts';

export interface WhatIfOptions extends GlobalOptions, VariantWishes, Pick<SubmissionOptions, 'force' | 'parallel'> {
  readonly taskset?: readonly string[];
  /** A file, or `learned`. */
  readonly durations?: string;
  readonly samples?: number;
  readonly seed?: number;
  readonly svg?: string;
}

/** So many tasks are run in all, unless somebody wants more: some seconds. */
const TASKS_IN_ALL = 10_000;
const FEWEST_SAMPLES = 5;
const USUAL_SAMPLES = 40;

interface Known {
  readonly model: DurationModel;
  /** Where it is from, for people. */
  readonly source: string;
}

const ASSUMED: Known = {
  model: { tasks: new Map(), places: new Map(), skills: new Map(), pools: new Map(), fallback: DEFAULT_DURATION },
  source: 'every task takes 1m, for nothing is known of them; give --durations FILE, or --durations learned',
};

const learned = async (configuration: Configuration): Promise<Result<Known, readonly string[]>> => {
  const opened = await readRegistry(configuration);
  if (!opened.ok) return err([`--durations learned: ${opened.error.message}`]);
  try {
    const found = await learnDurations(opened.value);
    if (!found.ok) return err([found.error.message]);
    const { model, attempts, tasks } = found.value;
    const where = configuration.registry.path;
    if (attempts === 0) return ok({ model, source: `nothing to learn from: ${where} holds no completed attempt; every task takes 1m` });
    const how = 'by task, else by pool and skill, else by pool, else of all';
    return ok({ model, source: `learned from ${attempts} completed attempts at ${tasks} tasks in ${where}: ${how}` });
  } finally {
    await ask<null>((reply) => opened.value.close(reply));
  }
};

const durationsOf = (named: string | undefined, configuration: Configuration): Promise<Result<Known, readonly string[]>> => {
  if (named === undefined) return Promise.resolve(ok(ASSUMED));
  if (named === 'learned') return learned(configuration);
  const model = readDurations(named);
  return Promise.resolve(model.ok ? ok({ model: model.value, source: `as ${named} has them` }) : model);
};

const setsOf = (options: WhatIfOptions): Result<readonly TaskSet[], readonly string[]> => {
  const plans = (options.taskset ?? []).map((file) => planToSubmit(file, options));
  const errors = plans.flatMap((plan) => (plan.ok ? [] : plan.error));
  return errors.length > 0 ? err(errors) : ok(plans.flatMap((plan) => (plan.ok ? [plan.value.set] : [])));
};

const samplesOf = ({ samples }: WhatIfOptions, model: DurationModel, tasks: number): number =>
  samples ?? (isUncertain(model) ? Math.min(USUAL_SAMPLES, Math.max(FEWEST_SAMPLES, Math.floor(TASKS_IN_ALL / tasks))) : 1);

const writeSvg = (file: string, all: readonly VariantForecast[]): string | null => {
  try {
    writeFileSync(file, ganttSvg(panelsOf(all)));
    return null;
  } catch (error) {
    return `--svg ${file}: cannot be written (${error instanceof Error ? error.message : String(error)})`;
  }
};

/** `simulate --taskset FILE`: the user's own plans and pools in virtual time, by the very code that would run them. */
export const whatIf = async (options: WhatIfOptions): Promise<number> => {
  const configuration = configurationOf(options);
  if (!configuration.ok) return complain(configuration.error);
  const sets = setsOf(options);
  if (!sets.ok) return complain(sets.error);
  const durations = await durationsOf(options.durations, configuration.value);
  if (!durations.ok) return complain(durations.error);
  const { model, source } = durations.value;
  const variants = await variantsOf(configuration.value, sets.value, model, options);
  if (!variants.ok) return complain(variants.error);
  const tasks = sets.value.reduce((sum, set) => sum + set.tasks.length, 0);
  const samples = samplesOf(options, model, tasks);
  const seed = options.seed ?? randomInt(2 ** 31);
  const all: VariantForecast[] = [];
  for (const variant of variants.value) {
    // Signals are heard between two runs.
    const sampling = { samples, seed, openRegistry: forecastRegistry, pause: () => new Promise<void>((go) => void setImmediate(go)) };
    const found = await forecastVariant(variant, sampling);
    if (!found.ok) return complain(found.error.message, EXIT_UNFINISHED);
    all.push(found.value);
  }
  const trouble = options.svg === undefined ? null : writeSvg(options.svg, all);
  if (trouble !== null) return complain(trouble);
  if (options.json === true) {
    printJson({ tasks, seed, samples, durations: source, variants: forecastJson(all) });
    return EXIT_OK;
  }
  print(`${tasks} tasks of ${sets.value.map(({ name }) => name).join(', ')}; durations: ${source}`);
  const runs = samples === 1 ? 'one run each: nothing in it varies' : `${samples} runs each: the middle one, and what 8 of 10 lie between`;
  print(colours.dim(`seed ${seed}, ${samples === 1 && isUncertain(model) ? 'one run each' : runs}\n`));
  print(forecastText(all));
  if (options.svg !== undefined) print(`picture: ${options.svg}`);
  return EXIT_OK;
};
