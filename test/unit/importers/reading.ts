import assert from 'node:assert/strict';
import type { FindingKind, MarkdownPlan, PlanTask } from '../../../src/importers/markdown/plan.ts';
import { readMarkdownPlan, type MarkdownPlanOptions } from '../../../src/importers/markdown/read-plan.ts';

export const planOf = (lines: readonly string[], options: MarkdownPlanOptions = {}): MarkdownPlan => {
  const plan = readMarkdownPlan(lines.join('\n'), options);
  assert.ok(plan.ok, plan.ok ? '' : plan.error.message);
  return plan.value;
};

/** `{ '1.1': ['1'] }`. */
export const orderOf = (lines: readonly string[], options: MarkdownPlanOptions = {}): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(planOf(lines, options).tasks.map(({ id, dependencies }) => [id, dependencies]));

/** The only task of a plan with one box. */
export const taskOf = (...lines: readonly string[]): PlanTask => {
  const [task, ...others] = planOf(lines).tasks;
  assert.ok(task !== undefined && others.length === 0);
  return task;
};

export const kindsOf = (lines: readonly string[]): readonly (readonly [number, FindingKind])[] =>
  planOf(lines).findings.map(({ line, kind }) => [line, kind]);
