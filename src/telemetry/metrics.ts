import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { TASK_STATES } from '../domain/task.ts';
import { EventLoopLag } from './event-loop-lag.ts';
import type { Labelled } from './labelled.ts';
import type { Buckets } from './buckets.ts';
import type { Observed, ObservedPool } from './observed.ts';
import { processMetrics } from './process-metrics.ts';

/** All metrics in Prometheus' text format 0.0.4. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
}

const POOL_STATES = ['enabled', 'disabled', 'draining', 'tripped'] as const;
const BYTES_PER_MB = 1024 * 1024;

type Labels = Readonly<Record<string, string>>;

type Values = readonly (readonly [Labels, number])[];
type Read = () => Values | Promise<Values>;

/** Makes metrics whose values are looked up at each scrape. */
class Collection {
  readonly registry = new Registry();

  gauge(name: string, help: string, labelNames: readonly string[], read: Read): void {
    this.registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames,
        registers: [],
        async collect() {
          this.reset();
          for (const [labels, value] of await read()) this.set(labels, value);
        },
      }),
    );
  }

  /** Of something that was counted elsewhere. */
  counter(name: string, help: string, labelNames: readonly string[], read: Read): void {
    this.registry.registerMetric(
      new Counter({
        name,
        help,
        labelNames,
        registers: [],
        async collect() {
          this.reset();
          for (const [labels, value] of await read()) this.inc(labels, value);
        },
      }),
    );
  }

  counted(name: string, help: string, labelNames: readonly string[], values: Labelled<number>): void {
    this.counter(name, help, labelNames, () => values.entries().map(({ labels, value }) => [labels, value] as const));
  }

  distributed(name: string, help: string, labelNames: readonly string[], values: Labelled<Buckets>): void {
    this.registry.registerMetric(new TalliedHistogram({ name, help, labelNames, registers: [] }, values));
  }
}

type HistogramConfiguration = ConstructorParameters<typeof Histogram<string>>[0];

/** A histogram that was counted elsewhere. */
class TalliedHistogram extends Histogram {
  readonly #configuration: HistogramConfiguration;
  readonly #values: Labelled<Buckets>;

  constructor(configuration: HistogramConfiguration, values: Labelled<Buckets>) {
    super(configuration);
    this.#configuration = configuration;
    this.#values = values;
  }

  /** By this the library reads histograms; its `get` is made of it, too. */
  getForPromString(): Promise<unknown> {
    const { name, help } = this.#configuration;
    const values = this.#values.entries().flatMap(({ labels, value: buckets }) => {
      const { cumulative, sum, count } = buckets.read();
      return [
        ...cumulative.map((value, i) => ({
          metricName: `${name}_bucket`,
          labels: { ...labels, le: buckets.bounds[i] ?? '+Inf' },
          value,
        })),
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: count },
      ];
    });
    return Promise.resolve({ name, help, type: 'histogram', values, aggregator: 'sum' });
  }
}

const taskMetrics = (collection: Collection, observed: Observed): void => {
  const { tally } = observed;
  collection.gauge('dispatcher_tasks', 'Tasks by state.', ['state'], async () => {
    const counts = await observed.tasks();
    return counts === null ? [] : TASK_STATES.map((state) => [{ state }, counts[state]] as const);
  });
  collection.gauge('dispatcher_queue_tasks', 'Ready tasks in the queue: waiting for capacity, or for the end of a back-off.', ['state'], () => {
    const { waiting, delayed } = observed.queue();
    return [[{ state: 'waiting' }, waiting], [{ state: 'backoff' }, delayed]];
  });
  collection.distributed('dispatcher_queue_wait_seconds', 'From when a task could have started to when it did.', ['pool'], tally.waits);
  collection.distributed('dispatcher_attempt_duration_seconds', 'Run time of attempts.', ['pool', 'outcome'], tally.durations);
  collection.counted('dispatcher_attempts_total', 'Attempts that ended.', ['pool', 'outcome', 'reason'], tally.attempts);
  collection.counted('dispatcher_retries_total', 'Attempts after which the task was queued again.', ['pool', 'reason'], tally.retries);
};

const launchMetrics = (collection: Collection, { tally }: Observed): void => {
  collection.counted('dispatcher_launches_total', 'Runners started.', ['pool'], tally.launches);
  collection.counted('dispatcher_launch_failures_total', 'Starts of a runner that failed.', ['pool', 'kind'], tally.launchFailures);
  collection.counted('dispatcher_adoptions_total', 'Runners of an earlier dispatcher that were found alive and taken over.', ['pool'], tally.adoptions);
};

const poolMetrics = (collection: Collection, { pools, tally }: Observed): void => {
  const each = (name: string, help: string, value: (pool: ObservedPool) => number | null): void =>
    collection.gauge(name, help, ['pool'], () =>
      pools().flatMap((pool) => {
        const found = value(pool);
        return found === null ? [] : [[{ pool: pool.name }, found] as const];
      }),
    );
  each('dispatcher_pool_runners', 'Runners that hold a place in the pool.', (pool) => pool.running);
  each('dispatcher_pool_capacity', 'Most runners of the pool at once.', (pool) => pool.maxConcurrency);
  each('dispatcher_pool_cpu_reserved_cores', 'CPU that runners of the pool have asked for.', ({ cpu }) => cpu.reserved);
  each('dispatcher_pool_cpu_quota_cores', 'Most CPU that runners of the pool may ask for together; absent without a quota.', ({ cpu }) => cpu.quota);
  const bytes = (mb: number | null): number | null => (mb === null ? null : mb * BYTES_PER_MB);
  each('dispatcher_pool_memory_reserved_bytes', 'Memory that runners of the pool have asked for.', ({ memory }) => bytes(memory.reserved));
  each('dispatcher_pool_memory_quota_bytes', 'Most memory that runners of the pool may ask for together; absent without a quota.', ({ memory }) => bytes(memory.quota));
  collection.gauge('dispatcher_pool_state', 'Whether the pool is in this state.', ['pool', 'state'], () =>
    pools().flatMap(({ name, state }) => POOL_STATES.map((one) => [{ pool: name, state: one }, one === state ? 1 : 0] as const)),
  );
  collection.counted('dispatcher_pool_changes_total', 'Changes of a pool to this state.', ['pool', 'state'], tally.poolChanges);
};

const ownMetrics = (collection: Collection, observed: Observed): void => {
  const lag = new EventLoopLag();
  collection.gauge('dispatcher_event_loop_lag_seconds', 'Delay of the event loop since the last scrape.', ['statistic'], () => lag.read());
  collection.gauge('dispatcher_build_info', 'Always 1; its labels say what runs.', ['version', 'node'], () => [
    [{ version: observed.version, node: process.version }, 1],
  ]);
  collection.gauge('dispatcher_up', 'Whether the dispatcher takes tasks: not while it starts or ends.', [], () => [
    [{}, observed.phase() === 'running' ? 1 : 0],
  ]);
  collection.counter('dispatcher_events_recorded_total', 'Events that this registry ever recorded.', [], async () => {
    const last = await observed.events();
    return last === null ? [] : [[{}, last]];
  });
  const file = 'Events written to the local file because the registry refused them.';
  collection.counter('dispatcher_events_fallen_back_total', file, [], () => [[{}, observed.eventsFellBack()]]);
  collection.counted('dispatcher_warnings_total', 'Warnings told to whoever watches.', [], observed.tally.troubles);
};

/** Metrics of a live dispatcher, and of its process. Nothing is measured between two scrapes but the lag of the event loop. */
export const createMetrics = (observed: Observed): Metrics => {
  const collection = new Collection();
  taskMetrics(collection, observed);
  launchMetrics(collection, observed);
  poolMetrics(collection, observed);
  ownMetrics(collection, observed);
  processMetrics(collection.registry);
  return { contentType: collection.registry.contentType, text: () => collection.registry.metrics() };
};
