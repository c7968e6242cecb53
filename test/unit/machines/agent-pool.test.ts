import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { agentPoolMachine } from '../../../machines/agent-pool/machine.ts';
import { StatechartCoverage } from '../../model/statechart-coverage.ts';
import { failOnWarnings } from '../../model/watch-warnings.ts';
import { intakeTests } from './agent-pool/intake.ts';
import { runnersOfPoolTests } from './agent-pool/runners.ts';

const coverage = new StatechartCoverage(agentPoolMachine);

failOnWarnings();
runnersOfPoolTests(coverage);
intakeTests(coverage);

// Last in this file: it looks back on the others.
describe('the agent pool statechart', () => {
  it('has no state that cannot be reached', () => assert.deepEqual(coverage.missedStates, []));
  it('has no transition that was not taken here', () => assert.deepEqual(coverage.missedTransitions, []));
});
