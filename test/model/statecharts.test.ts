import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelledPool } from './agent-pool-steps.ts';
import { coverageTests } from './coverage-report.ts';
import { modelledDeadlockMonitor } from './deadlock-monitor-steps.ts';
import { EXPECTED_WARNINGS, modelledDispatcher } from './dispatcher-steps.ts';
import { modelledRecorder } from './event-recorder-steps.ts';
import type { Modelled, ModelledWorld } from './modelled.ts';
import { walkShortestPaths } from './paths.ts';
import { randomRuns, type RandomRuns } from './random-runs.ts';
import { modelledRunner } from './runner-steps.ts';
import { StatechartCoverage } from '../../src/simulation/statechart-coverage.ts';
import { modelledMonitor } from './task-monitor-steps.ts';
import { failOnWarnings } from './watch-warnings.ts';

const warnings = failOnWarnings();

const coverages: StatechartCoverage[] = [];

const drive = <W extends ModelledWorld>(what: string, modelled: Modelled<W>, luck: RandomRuns, expected?: RegExp): void => {
  const expectWarnings = (): void => {
    if (expected !== undefined) warnings.expect(expected);
  };
  const coverage = new StatechartCoverage(modelled.machine);
  coverages.push(coverage);
  describe(what, () => {
    it('does what its model says, by the shortest path to every place and by every step from there', (t) => {
      expectWarnings();
      const places = walkShortestPaths(modelled, coverage.inspect);
      t.diagnostic(`${places} places`);
      assert.ok(places > coverage.states, 'the search went further than to each state');
    });

    it(`does what its model says, in ${luck.runs} runs by luck`, () => {
      expectWarnings();
      randomRuns(modelled, coverage.inspect, luck);
    });
  });
};

drive('the task monitor', modelledMonitor, { runs: 300, length: 60, seed: 1 });
drive('the deadlock monitor', modelledDeadlockMonitor, { runs: 300, length: 40, seed: 6 });
drive('the event recorder', modelledRecorder, { runs: 300, length: 80, seed: 2 });
drive('a runner', modelledRunner, { runs: 300, length: 120, seed: 3 });
drive('an agent pool', modelledPool, { runs: 200, length: 80, seed: 4 });
drive('the dispatcher', modelledDispatcher, { runs: 200, length: 80, seed: 5 }, EXPECTED_WARNINGS);

coverageTests(...coverages);
