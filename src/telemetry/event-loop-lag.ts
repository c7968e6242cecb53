import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 20;
const NS_PER_SECOND = 1e9;
const PERCENTILES = { median: 50, p99: 99, max: 100 } as const;

/**
 * How late the event loop was. Its timer wakes an idle process fifty times a second, so it begins with
 * the first question.
 */
export class EventLoopLag {
  #monitor: ReturnType<typeof monitorEventLoopDelay> | null = null;

  /** Since the last question, in seconds; nothing at the first. */
  read(): readonly (readonly [{ readonly statistic: string }, number])[] {
    if (this.#monitor === null) {
      this.#monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      this.#monitor.enable();
    }
    const monitor = this.#monitor;
    // What is measured is the time between two wakings: lag is what that is longer than asked.
    const lag = (ns: number): number => Math.max(0, ns / NS_PER_SECOND - RESOLUTION_MS / 1000);
    const values = Object.entries(PERCENTILES).map(([statistic, percentile]) => {
      const ns = monitor.count === 0 ? 0 : monitor.percentile(percentile);
      return [{ statistic }, lag(ns)] as const;
    });
    monitor.reset();
    return values;
  }
}
