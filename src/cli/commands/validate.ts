import { localPoolNotices } from '../../app.ts';
import { candidatePools } from '../../scheduling/placement.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { TaskSet } from '../../domain/task.ts';
import { configurationOf } from '../configured.ts';
import { complain, EXIT_OK, print, warn } from '../io.ts';
import { planToSubmit, type SubmittingOptions } from '../submission.ts';

const skillWarnings = (set: TaskSet, configuration: Configuration): readonly string[] => {
  const skills = new Set(set.tasks.map(({ requiredSkill }) => requiredSkill));
  return [...skills]
    .filter((skill) => candidatePools(configuration.dispatcher, skill).length === 0)
    .map((skill) =>
      skill === null
        ? `${set.name}: no pool takes tasks without a skill; name some under skill_mapping.default`
        : `${set.name}: no pool for the skill ${JSON.stringify(skill)}; add it to skill_mapping`,
    );
};

/** `validate [FILE…]`: reads the configuration and the task sets, says what is wrong, changes nothing. */
export const validate = (files: readonly string[], options: SubmittingOptions): Promise<number> => {
  const configuration = configurationOf(options);
  if (!configuration.ok) return Promise.resolve(complain(configuration.error));
  const { sources, notes, pools } = configuration.value;
  print(`configuration ${sources.join(', ') || '(defaults; no file found)'}: ${pools.length} pools, fine`);
  for (const note of [...notes, ...localPoolNotices(pools)]) warn(note);
  const errors: string[] = [];
  for (const file of files) {
    const plan = planToSubmit(file, options);
    if (!plan.ok) {
      errors.push(...plan.error);
      continue;
    }
    const { set } = plan.value;
    print(`task set ${file}: ${set.name}, ${set.tasks.length} tasks, fine`);
    for (const line of skillWarnings(set, configuration.value)) warn(line);
  }
  return Promise.resolve(errors.length > 0 ? complain(errors) : EXIT_OK);
};
