import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { simulationPlanSchema } from '../../src/simulation/plan.ts';
import { assertNoViolation } from './no-violation.ts';
import { planArbitrary } from './plan-arbitrary.ts';

const REGRESSIONS = join(import.meta.dirname, 'regressions');
const LITE_RUNS = 300;

/** Each commit has its own plans, and the same ones whenever it is tested. */
const seedOfCommit = (): number => {
  const hash = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: import.meta.dirname, encoding: 'utf8' });
  return Number.parseInt(hash.slice(0, 8), 16) | 0;
};

describe('simulated plans', () => {
  for (const file of readdirSync(REGRESSIONS)) {
    it(`once failed, and is well now: ${file}`, () => {
      assertNoViolation(simulationPlanSchema.parse(JSON.parse(readFileSync(join(REGRESSIONS, file), 'utf8'))));
    });
  }

  const seed = seedOfCommit();
  it(`${LITE_RUNS} lite ones of seed ${seed} show no violation`, () => {
    fc.assert(fc.property(planArbitrary('lite'), assertNoViolation), { numRuns: LITE_RUNS, seed, endOnFailure: false });
  });

  it('calm ones show none either', () => {
    fc.assert(fc.property(planArbitrary('calm'), assertNoViolation), { numRuns: 30, seed });
  });
});
