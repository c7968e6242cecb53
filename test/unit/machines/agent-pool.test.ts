import { agentPoolMachine } from '../../../machines/agent-pool/machine.ts';
import { coverageTests } from '../../model/coverage-report.ts';
import { StatechartCoverage } from '../../../src/simulation/statechart-coverage.ts';
import { failOnWarnings } from '../../model/watch-warnings.ts';
import { healthTests } from './agent-pool/health.ts';
import { intakeTests } from './agent-pool/intake.ts';
import { runnersOfPoolTests } from './agent-pool/runners.ts';

const coverage = new StatechartCoverage(agentPoolMachine);

failOnWarnings();
runnersOfPoolTests(coverage);
intakeTests(coverage);
healthTests(coverage);

// Last in this file: it looks back on the others.
coverageTests(coverage);
