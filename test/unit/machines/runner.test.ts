import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runnerMachine } from '../../../machines/runner/machine.ts';
import { StatechartCoverage } from '../../model/statechart-coverage.ts';
import { failOnWarnings } from '../../model/watch-warnings.ts';
import { livingTests } from './runner/living.ts';
import { settlingTests } from './runner/settling.ts';
import { startingTests } from './runner/starting.ts';

const coverage = new StatechartCoverage(runnerMachine);

failOnWarnings();
startingTests(coverage);
livingTests(coverage);
settlingTests(coverage);

// Last in this file: it looks back on the others.
describe('the runner statechart', () => {
  it('has no state that cannot be reached', () => assert.deepEqual(coverage.missedStates, []));
  it('has no transition that was not taken here', () => assert.deepEqual(coverage.missedTransitions, []));
});
