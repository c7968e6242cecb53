import { readMarkdownPlan, type MarkdownPlanOptions } from '../../../src/importers/markdown/read-plan.ts';

/** What is kept of a plan, short enough to be read: a line for each task and each finding. */
export interface Golden {
  readonly tasks: readonly string[];
  readonly done: readonly string[];
  readonly findings: readonly string[];
}

const quotedList = (value: unknown): string => (Array.isArray(value) ? ` {${value.join('|')}}` : '');

/** `1.2* Title {requirements} <- dependencies`, with `#` for parents; and `12 kind`. */
export const goldenOf = (text: string, options: MarkdownPlanOptions = {}): Golden => {
  const plan = readMarkdownPlan(text.replace(/^\uFEFF/, ''), options);
  if (!plan.ok) return { tasks: [], done: [], findings: [`${plan.error.line ?? 0} refused: ${plan.error.message}`] };
  const { tasks, done, findings } = plan.value;
  return {
    tasks: tasks.map(({ id, title, dependencies, optional, group, metadata }) => {
      const marks = `${group ? '#' : ''}${optional ? '*' : ''}`;
      const after = dependencies.length === 0 ? '' : ` <- ${dependencies.join(' ')}`;
      return `${id}${marks} ${title}${quotedList(metadata['requirements'])}${after}`;
    }),
    done,
    findings: findings.map(({ line, kind }) => `${line} ${kind}`),
  };
};
