import { Counter, Gauge, type Registry } from 'prom-client';

const MICROSECONDS_PER_SECOND = 1e6;

/**
 * Of the process itself, by the names that Prometheus' client libraries share. Not prom-client's
 * default set: some of its names break the rules that `promtool check metrics` knows.
 * @see https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
 */
export const processMetrics = (registry: Registry): void => {
  registry.registerMetric(
    new Counter({
      name: 'process_cpu_seconds_total',
      help: 'User and system CPU time spent, in seconds.',
      registers: [],
      collect() {
        const { user, system } = process.cpuUsage();
        this.reset();
        this.inc((user + system) / MICROSECONDS_PER_SECOND);
      },
    }),
  );
  const gauge = (name: string, help: string, read: () => number): void => {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        collect() {
          this.set(read());
        },
      }),
    );
  };
  gauge('process_resident_memory_bytes', 'Resident memory, in bytes.', () => process.memoryUsage.rss());
  gauge('process_heap_bytes', 'Heap that JavaScript uses, in bytes.', () => process.memoryUsage().heapUsed);
  gauge('process_start_time_seconds', 'Start of the process, in seconds since the epoch.', () => startedAt / 1000);
};

const startedAt = Date.now() - performance.now();
