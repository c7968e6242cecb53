import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dispatcherMachine } from '../../../machines/dispatcher/machine.ts';
import { StatechartCoverage } from '../../model/statechart-coverage.ts';
import { failOnWarnings } from '../../model/watch-warnings.ts';
import { endingTests } from './dispatcher/ending.ts';
import { workingTests } from './dispatcher/working.ts';

const coverage = new StatechartCoverage(dispatcherMachine);

const warnings = failOnWarnings();
workingTests(coverage);
endingTests(coverage, warnings);

// Last in this file: it looks back on the others.
describe('the dispatcher statechart', () => {
  it('has no state that cannot be reached', () => assert.deepEqual(coverage.missedStates, []));
  it('has no transition that was not taken here', () => assert.deepEqual(coverage.missedTransitions, []));
});
