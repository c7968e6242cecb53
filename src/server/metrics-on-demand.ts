import type { PortError } from '../domain/failures.ts';
import type { Result } from '../domain/result.ts';
import type { PoolSettings } from '../domain/settings.ts';
import type { TaskState } from '../domain/task.ts';
import type { Reply } from '../ports/reply.ts';
import type { TaskRegistry } from '../ports/task-registry.ts';
import { ask } from '../runtime/ask.ts';
import type { CountedJournal } from '../telemetry/counted-journal.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Observed, ObservedPool } from '../telemetry/observed.ts';
import { packageVersion } from '../telemetry/package-version.ts';
import type { Tally } from '../telemetry/tally.ts';
import type { LiveDispatcher } from './live-dispatcher.ts';

/** Where the numbers come from, besides the live dispatcher itself. */
export interface MetricsSources {
  readonly registry: TaskRegistry;
  readonly tally: Tally;
  readonly journal: Pick<CountedJournal, 'fellBack'>;
}

const valueOr = <T>(result: Result<T, PortError>): T | null => (result.ok ? result.value : null);

const observedPool = ({ scheduler: { ledger } }: LiveDispatcher, settings: PoolSettings): ObservedPool => {
  const { name, engine, cpuQuota, memoryQuota } = settings;
  const { running, cpu, memory } = ledger.use(name);
  return {
    name,
    type: engine.type,
    state: ledger.stateOf(name),
    running,
    maxConcurrency: ledger.maxConcurrencyOf(name),
    cpu: { reserved: cpu, quota: cpuQuota },
    memory: { reserved: memory, quota: memoryQuota },
  };
};

const observedOf = ({ registry, tally, journal }: MetricsSources, live: LiveDispatcher): Observed => ({
  version: packageVersion(),
  tally,
  tasks: async () =>
    valueOr(await ask<Readonly<Record<TaskState, number>>>((reply) => registry.counts(null, reply))),
  events: async () => valueOr(await ask<number>((reply: Reply<number>) => registry.lastEvent(reply))),
  eventsFellBack: () => journal.fellBack,
  pools: () => live.pools().map((pool) => observedPool(live, pool)),
  queue: () => ({ waiting: live.scheduler.waiting, delayed: live.scheduler.delayed }),
  phase: () => live.phase(),
});

/** Metrics, and the library that writes them, from the first scrape on. */
export const metricsOnDemand = (sources: MetricsSources, live: LiveDispatcher): (() => Promise<Metrics>) => {
  let made: Promise<Metrics> | null = null;
  return () => {
    made ??= import('../telemetry/metrics.ts').then(({ createMetrics }) => createMetrics(observedOf(sources, live)));
    return made;
  };
};
