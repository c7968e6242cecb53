import { runnerMachine } from '../../../machines/runner/machine.ts';
import { coverageTests } from '../../model/coverage-report.ts';
import { StatechartCoverage } from '../../../src/simulation/statechart-coverage.ts';
import { failOnWarnings } from '../../model/watch-warnings.ts';
import { livingTests } from './runner/living.ts';
import { settlingTests } from './runner/settling.ts';
import { startingTests } from './runner/starting.ts';
import { watchedTests } from './runner/watched.ts';

const coverage = new StatechartCoverage(runnerMachine);

failOnWarnings();
startingTests(coverage);
livingTests(coverage);
settlingTests(coverage);
watchedTests(coverage);

// Last in this file: it looks back on the others.
coverageTests(coverage);
