import { readFileSync } from 'node:fs';
import { formatInputError, formatInputErrors } from '../config/input-error.ts';
import { loadPlan } from '../config/load-task-set.ts';
import type { LoadedPlan } from '../config/loaded-plan.ts';
import { markdownSetAsJson } from '../config/markdown-task-set.ts';
import { err, type Result } from '../domain/result.ts';
import type { SubmitReport } from '../ports/task-registry.ts';
import type { GlobalOptions } from './configured.ts';
import { complain, EXIT_USAGE, print, warn } from './io.ts';

/** Options of every command that submits. */
export interface SubmissionOptions {
  readonly fresh?: boolean;
  readonly redoChanged?: boolean;
  readonly keep?: boolean;
  readonly force?: boolean;
  /** Of a Markdown plan: the document's order counts for nothing. */
  readonly parallel?: boolean;
}

export type SubmittingOptions = GlobalOptions & SubmissionOptions;

type List = 'added' | 'replaced' | 'unchanged' | 'cancelled' | 'untouched' | 'changedDone' | 'markedDone';

/** A report as the registry gives it, or as it came over HTTP. */
export type SubmissionReport = Pick<SubmitReport, 'accepted'> & { readonly spec: string } & Readonly<
    Record<List, readonly string[]>
  >;

export const changedDoneOf = (options: SubmissionOptions): 'refuse' | 'redo' | 'keep' => {
  if (options.redoChanged === true) return 'redo';
  return options.keep === true ? 'keep' : 'refuse';
};

const FINDINGS_SHOWN = 20;

/** A file as a plan; errors as lines. */
export const planOf = (file: string, options: SubmissionOptions): Result<LoadedPlan, readonly string[]> => {
  const plan = loadPlan(file, { force: options.force ?? false, parallel: options.parallel ?? false });
  if (!plan.ok) return err(formatInputErrors(plan.error));
  if (options.parallel === true && plan.value.boxes === null) {
    return err([`${file}: --parallel is for Markdown plans (.md); in YAML and JSON only "dependencies" set an order`]);
  }
  return plan;
};

/** The same for a command that submits it or says whether it could; what might be read otherwise is told. */
export const planToSubmit = (file: string, options: SubmissionOptions): Result<LoadedPlan, readonly string[]> => {
  if (options.redoChanged === true && options.keep === true) {
    return err(['--redo-changed and --keep say opposite things; give one of them']);
  }
  const plan = planOf(file, options);
  if (!plan.ok) return plan;
  const { findings } = plan.value;
  for (const { line, text } of findings.slice(0, FINDINGS_SHOWN)) warn(formatInputError({ file, line, path: '', message: text }));
  const more = findings.length - FINDINGS_SHOWN;
  if (more > 0) warn(`${file}: ${more} more; dispatcher plan ${file} shows them`);
  return plan;
};

/** What is sent to a live dispatcher: YAML and JSON as they are; a Markdown plan as the set that it was read as. */
export const submissionText = (file: string, { set, boxes }: LoadedPlan): string =>
  boxes === null ? readFileSync(file, 'utf8') : markdownSetAsJson(set);

const NAMES_SHOWN = 5;

const few = (names: readonly string[]): string =>
  names.length > NAMES_SHOWN
    ? `${names.slice(0, NAMES_SHOWN).join(', ')} and ${names.length - NAMES_SHOWN} more`
    : names.join(', ');

/** Why a submission was refused, as one line with the mend. */
export const refuseChangedDone = (report: SubmissionReport): number =>
  complain(
    `${report.spec}: ${report.changedDone.length} tasks are done but have changed since: ${few(report.changedDone)}; ` +
      'nothing was submitted; give --redo-changed to run them again, or --keep to leave them done',
    EXIT_USAGE,
  );

/** What a submission did, as one line. */
export const printSubmitted = (report: SubmissionReport): void => {
  const parts = [
    [report.added, 'new'],
    [report.replaced, 'replaced'],
    [report.unchanged, 'unchanged'],
    [report.cancelled, 'cancelled (removed from the set)'],
    [report.untouched, 'running, not touched'],
    [report.changedDone, 'changed but kept as done'],
    [report.markedDone, 'done already, as the plan says'],
  ] as const;
  const told = parts.filter(([names]) => names.length > 0).map(([names, what]) => `${names.length} ${what}`);
  print(`submitted ${report.spec}: ${told.join(', ') || 'nothing to do'}`);
};
