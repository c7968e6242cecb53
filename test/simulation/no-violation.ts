import assert from 'node:assert/strict';
import { simulatedRegistry } from '../../src/app/simulated-registries.ts';
import type { SimulationPlan } from '../../src/simulation/plan.ts';
import { simulate, type SimulationOptions, type SimulationReport } from '../../src/simulation/simulate.ts';

export const run = (plan: SimulationPlan, options: Omit<SimulationOptions, 'openRegistry'> = {}): SimulationReport =>
  simulate(plan, { openRegistry: simulatedRegistry, ...options });

/** Runs the plan; what was violated, and what led to it, is the error. */
export const assertNoViolation = (plan: SimulationPlan): void => {
  const { violation } = run(plan);
  if (violation !== null) assert.fail([violation.message, ...violation.recent].join('\n  '));
};
