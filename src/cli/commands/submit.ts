import { writeRegistry } from '../../app.ts';
import type { SubmitReport } from '../../ports/task-registry.ts';
import { ask } from '../../runtime/ask.ts';
import { ApiClient } from '../client.ts';
import { configurationOf } from '../configured.ts';
import { complain, EXIT_OK, EXIT_UNFINISHED, print, printJson } from '../io.ts';
import { person } from '../person.ts';
import { changedDoneOf, planToSubmit, printSubmitted, refuseChangedDone, submissionText, type SubmittingOptions, type SubmissionReport } from '../submission.ts';

/** `submit FILE`: through the API of the dispatcher that is alive, else straight into the registry. */
export const submit = async (file: string, options: SubmittingOptions): Promise<number> => {
  const configuration = configurationOf(options);
  if (!configuration.ok) return complain(configuration.error);
  const plan = planToSubmit(file, options);
  if (!plan.ok) return complain(plan.error);
  const changedDone = changedDoneOf(options);
  const fresh = options.fresh ?? false;
  const client = await ApiClient.connect(configuration.value.stateDir);
  if (client !== null) {
    const answer = await client.submit(submissionText(file, plan.value), { fresh, changedDone, force: options.force ?? false });
    if (answer.ok) return finish(answer.value, options);
    // It went while we spoke: the registry is free in a moment, and giving the set twice does no harm.
    if (answer.error.kind !== 'transient' || fresh) return complain(answer.error.message);
  }
  const opened = await writeRegistry(configuration.value);
  if (!opened.ok) return complain(opened.error.message);
  const registry = opened.value;
  try {
    const request = { set: plan.value.set, changedDone, fresh, actor: person(), at: Date.now() };
    const report = await ask<SubmitReport>((reply) => registry.submit(request, reply));
    if (!report.ok) return complain(report.error.message, EXIT_UNFINISHED);
    const code = finish(report.value, options);
    if (report.value.accepted && options.json !== true) print('no dispatcher runs; start one with: dispatcher start');
    return code;
  } finally {
    await ask<null>((reply) => registry.close(reply));
  }
};

const finish = (report: SubmissionReport, options: SubmittingOptions): number => {
  if (!report.accepted) return refuseChangedDone(report);
  if (options.json === true) printJson(report);
  else printSubmitted(report);
  return EXIT_OK;
};
