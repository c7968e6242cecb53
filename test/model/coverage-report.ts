import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StatechartCoverage } from '../../src/simulation/statechart-coverage.ts';

/**
 * States and transitions that need not be reached, each with the reason why it cannot be. Names as in
 * `StatechartCoverage`: `runner.live.running`, `runner.live.running on process.exited #1`.
 */
const EXCEPTIONS: ReadonlyMap<string, string> = new Map();

const share = (missed: number, all: number): string =>
  `${String(all - missed).padStart(3)} of ${String(all).padStart(3)}  ${((100 * (all - missed)) / all).toFixed(1).padStart(5)} %`;

/** One line about one machine, for people. */
const lineOf = (coverage: StatechartCoverage): string => {
  const { states, transitions, missedStates, missedTransitions } = coverage;
  const name = coverage.machine.padEnd(14);
  return `${name} states ${share(missedStates.length, states)}   transitions ${share(missedTransitions.length, transitions)}`;
};

/**
 * Prints how much of each statechart was walked through, and fails for what was not, unless it is listed
 * above. Comes last in its file: it looks back on the others.
 */
export const coverageTests = (...coverages: readonly StatechartCoverage[]): void => {
  describe('coverage of the statecharts', () => {
    for (const coverage of coverages) {
      it(coverage.machine, (t) => {
        t.diagnostic(lineOf(coverage));
        const missed = [...coverage.missedStates, ...coverage.missedTransitions];
        assert.deepEqual(missed.filter((name) => !EXCEPTIONS.has(name)), [], 'never reached or taken');
        const own = [...EXCEPTIONS.keys()].filter((name) => name.split(/[. ]/, 1)[0] === coverage.machine);
        assert.deepEqual(own.filter((name) => !missed.includes(name)), [], 'listed as impossible, and reached');
      });
    }
  });
};
