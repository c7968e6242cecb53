import type { InspectionEvent } from 'xstate';
import { agentPoolMachine } from '../../machines/agent-pool/machine.ts';
import { deadlockMonitorMachine } from '../../machines/deadlock-monitor.machine.ts';
import { dispatcherMachine } from '../../machines/dispatcher/machine.ts';
import { eventRecorderMachine } from '../../machines/event-recorder.machine.ts';
import { runnerMachine } from '../../machines/runner/machine.ts';
import { taskMonitorMachine } from '../../machines/task-monitor.machine.ts';
import { StatechartCoverage } from './statechart-coverage.ts';

/**
 * States and transitions that simulated runs do not reach, each with the reason. The model-based tests
 * (`test/model`) reach them all the same. Names as in {@link StatechartCoverage}.
 */
const NOT_IN_RUNS: ReadonlyMap<string, string> = new Map();

/** What of the statecharts many runs together have walked through. */
export class RunsCoverage {
  readonly #charts = [dispatcherMachine, agentPoolMachine, runnerMachine, taskMonitorMachine, deadlockMonitorMachine, eventRecorderMachine].map(
    (machine) => new StatechartCoverage(machine),
  );

  /** For `createActor`'s `inspect`. */
  readonly inspect = (event: InspectionEvent): void => {
    for (const chart of this.#charts) chart.inspect(event);
  };

  /** What was never reached though no reason is known why it should not be. */
  get missed(): readonly string[] {
    return this.#charts
      .flatMap((chart) => [...chart.missedStates, ...chart.missedTransitions])
      .filter((name) => !NOT_IN_RUNS.has(name));
  }

  /** One line for each statechart, for people. */
  get lines(): readonly string[] {
    return this.#charts.map(({ machine, states, missedStates, transitions, missedTransitions }) => {
      const reached = `states ${states - missedStates.length} of ${states}`;
      return `${machine}: ${reached}, transitions ${transitions - missedTransitions.length} of ${transitions}`;
    });
  }
}
