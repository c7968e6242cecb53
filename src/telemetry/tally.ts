import type { PoolName } from '../domain/ids.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { AttemptEnd } from '../domain/settlement.ts';
import type { Notice, Telemetry } from '../ports/telemetry.ts';
import { Buckets } from './buckets.ts';
import { Labelled } from './labelled.ts';

/** Seconds. From an idle dispatcher's few milliseconds to the longest run anybody waits for. */
const WAIT_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400];
const DURATION_BOUNDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400];

const MS_PER_SECOND = 1000;

/** As the registry writes down how an attempt ended, and why: both of few words. */
const ENDS: Readonly<Record<Outcome['kind'], { readonly outcome: AttemptEnd; readonly reason: string }>> = {
  succeeded: { outcome: 'done', reason: 'succeeded' },
  parked: { outcome: 'done', reason: 'parked' },
  failed: { outcome: 'failed', reason: 'failed' },
  launchFailed: { outcome: 'failed', reason: 'launch_failed' },
  throttled: { outcome: 'failed', reason: 'throttled' },
  timedOut: { outcome: 'timedOut', reason: 'timed_out' },
  lost: { outcome: 'lost', reason: 'lost' },
  cancelled: { outcome: 'cancelled', reason: 'cancelled' },
  interrupted: { outcome: 'cancelled', reason: 'interrupted' },
};

type Settled = Extract<Notice, { readonly type: 'runnerSettled' }>;

const one = (value: number): number => value + 1;
const counters = (): Labelled<number> => new Labelled(() => 0);

/**
 * Counts what the dispatcher tells, in plain numbers: cheap enough to be done always, whether or not
 * anybody ever asks. Labels are pools and words of fixed lists, never a task.
 */
export class Tally implements Telemetry {
  readonly waits = new Labelled(() => new Buckets(WAIT_BOUNDS));
  readonly durations = new Labelled(() => new Buckets(DURATION_BOUNDS));
  readonly attempts = counters();
  readonly retries = counters();
  readonly launches = counters();
  readonly launchFailures = counters();
  readonly adoptions = counters();
  readonly poolChanges = counters();
  readonly troubles = counters();

  /**
   * What can be counted from the start on begins at 0: of a series that is not there yet, Prometheus
   * does not see the first rise.
   */
  constructor(pools: readonly PoolName[]) {
    this.troubles.begin({});
    for (const pool of pools) {
      for (const counter of [this.launches, this.adoptions]) counter.begin({ pool });
      for (const kind of ['transient', 'permanent']) this.launchFailures.begin({ pool, kind });
      for (const ending of Object.values(ENDS)) this.attempts.begin({ pool, ...ending });
      for (const reason of ['failed', 'timed_out', 'lost', 'launch_failed', 'throttled']) this.retries.begin({ pool, reason });
      this.poolChanges.begin({ pool, state: 'tripped' });
      this.waits.begin({ pool });
      this.durations.begin({ pool, outcome: 'done' });
    }
  }

  tell(notice: Notice): void {
    switch (notice.type) {
      case 'runnerStarted': {
        const labels = { pool: notice.pool };
        if (notice.adopted) this.adoptions.change(labels, one);
        else this.launches.change(labels, one);
        if (notice.waitedMs !== null) add(this.waits, labels, notice.waitedMs);
        return;
      }
      case 'runnerSettled':
        return this.#settled(notice);
      case 'launchFailed':
        return this.launchFailures.change({ pool: notice.pool, kind: notice.kind }, one);
      case 'poolChanged':
        return this.poolChanges.change({ pool: notice.pool, state: notice.state }, one);
      case 'trouble':
        return this.troubles.change({}, one);
      default:
    }
  }

  #settled({ pool, outcome: kind, taskState, durationMs }: Settled): void {
    if (kind === null) return;
    const { outcome, reason } = ENDS[kind];
    this.attempts.change({ pool, outcome, reason }, one);
    if (durationMs !== null) add(this.durations, { pool, outcome }, durationMs);
    if (taskState === 'ready') this.retries.change({ pool, reason }, one);
  }
}

const add = (distributions: Labelled<Buckets>, labels: Readonly<Record<string, string>>, ms: number): void =>
  distributions.change(labels, (buckets) => {
    buckets.add(ms / MS_PER_SECOND);
    return buckets;
  });
