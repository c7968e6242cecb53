import { userInfo } from 'node:os';
import { formatInputErrors } from '../config/input-error.ts';
import { loadTaskSet } from '../config/load-task-set.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { TaskSet } from '../domain/task.ts';
import type { SubmitReport } from '../ports/task-registry.ts';
import type { GlobalOptions } from './configured.ts';
import { complain, EXIT_USAGE, print } from './io.ts';

/** Options of every command that submits. */
export interface SubmissionOptions {
  readonly fresh?: boolean;
  readonly redoChanged?: boolean;
  readonly keep?: boolean;
  readonly force?: boolean;
}

export type SubmittingOptions = GlobalOptions & SubmissionOptions;

type List = 'added' | 'replaced' | 'unchanged' | 'cancelled' | 'untouched' | 'changedDone';

/** A report as the registry gives it, or as it came over HTTP. */
export type SubmissionReport = Pick<SubmitReport, 'accepted'> & { readonly spec: string } & Readonly<
    Record<List, readonly string[]>
  >;

export const changedDoneOf = (options: SubmissionOptions): 'refuse' | 'redo' | 'keep' => {
  if (options.redoChanged === true) return 'redo';
  return options.keep === true ? 'keep' : 'refuse';
};

export const taskSetOf = (file: string, options: SubmissionOptions): Result<TaskSet, readonly string[]> => {
  if (options.redoChanged === true && options.keep === true) {
    return err(['--redo-changed and --keep say opposite things; give one of them']);
  }
  const set = loadTaskSet(file, { force: options.force ?? false });
  return set.ok ? ok(set.value) : err(formatInputErrors(set.error));
};

/** Who submits, for the event. */
export const person = (): string => {
  try {
    return `user:${userInfo().username}`;
  } catch {
    return 'user:unknown';
  }
};

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
  ] as const;
  const told = parts.filter(([names]) => names.length > 0).map(([names, what]) => `${names.length} ${what}`);
  print(`submitted ${report.spec}: ${told.join(', ') || 'nothing to do'}`);
};
