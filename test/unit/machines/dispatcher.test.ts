import { dispatcherMachine } from '../../../machines/dispatcher/machine.ts';
import { coverageTests } from '../../model/coverage-report.ts';
import { StatechartCoverage } from '../../../src/simulation/statechart-coverage.ts';
import { failOnWarnings } from '../../model/watch-warnings.ts';
import { configuringTests } from './dispatcher/configuring.ts';
import { deposedTests } from './dispatcher/deposed.ts';
import { endingTests } from './dispatcher/ending.ts';
import { workingTests } from './dispatcher/working.ts';

const coverage = new StatechartCoverage(dispatcherMachine);

const warnings = failOnWarnings();
workingTests(coverage);
configuringTests(coverage);
endingTests(coverage, warnings);
deposedTests(coverage, warnings);

// Last in this file: it looks back on the others.
coverageTests(coverage);
