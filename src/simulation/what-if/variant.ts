import type { PortError } from '../../domain/failures.ts';
import type { PoolName, TaskKey } from '../../domain/ids.ts';
import { ok, type Result } from '../../domain/result.ts';
import type { DispatcherSettings, PoolSettings } from '../../domain/settings.ts';
import type { RegistrySource } from '../simulated-registry.ts';
import { criticalPath, type CriticalPath } from './critical-path.ts';
import { definitionsOf, forecast, type Forecast, type ForecastPlan } from './forecast.ts';

/** One policy with one choice of pool sizes. */
export interface Variant extends Omit<ForecastPlan, 'seed' | 'source'> {
  /** What it is called in a table. */
  readonly policyName: string;
  /** Pools that have another size than configured. */
  readonly sizes: ReadonlyMap<PoolName, number>;
  readonly settings: DispatcherSettings;
  readonly pools: readonly PoolSettings[];
}

/** Of several runs: the value that so many in a hundred do not exceed. One run has but one value. */
export interface Interval {
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
}

export interface PoolForecast {
  readonly name: PoolName;
  readonly maxConcurrency: number;
  /** Attempts started there, on average. */
  readonly starts: number;
  /** Share of its slots that were in use until the end of the plan, 0 to 1, on average. */
  readonly utilisation: number;
  /** The same for its CPU quota; `null` without one. */
  readonly cpuUtilisation: number | null;
}

/** What a variant comes to, in all samples. Times in ms. */
export interface VariantForecast {
  readonly variant: Variant;
  readonly samples: number;
  readonly makespan: Interval;
  /** From being ready to the start, of all attempts of all samples. */
  readonly wait: { readonly mean: number; readonly p50: number; readonly p95: number };
  readonly pools: readonly PoolForecast[];
  /** The run whose makespan is the middle one, to be looked at as an example; and its critical path. */
  readonly typical: Forecast;
  readonly critical: CriticalPath;
}

/** Value below which this share (0 to 1) of an ascending list lies; 0 of nothing. */
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

const ascending = (values: readonly number[]): readonly number[] => values.toSorted((a, b) => a - b);

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

const poolForecast = (variant: Variant, pool: PoolSettings, runs: readonly Forecast[]): PoolForecast => {
  const definitions = definitionsOf(variant);
  const { name, maxConcurrency, cpuQuota, defaultResources } = pool;
  const shares = runs.map(({ attempts, makespanMs }) => {
    const here = attempts.filter((attempt) => attempt.pool === name);
    let [busyMs, coreMs] = [0, 0];
    for (const { key, startedAt, endedAt } of here) {
      busyMs += endedAt - startedAt;
      coreMs += (endedAt - startedAt) * (definitions.get(key)?.resources.cpu ?? defaultResources.cpu);
    }
    const share = (used: number, most: number): number => (most * makespanMs === 0 ? 0 : used / (most * makespanMs));
    return { starts: here.length, slots: share(busyMs, maxConcurrency), cpu: share(coreMs, cpuQuota ?? 0) };
  });
  return {
    name,
    maxConcurrency,
    starts: mean(shares.map(({ starts }) => starts)),
    utilisation: mean(shares.map(({ slots }) => slots)),
    cpuUtilisation: cpuQuota === null ? null : mean(shares.map(({ cpu }) => cpu)),
  };
};

const spentOn = ({ attempts }: Forecast): ReadonlyMap<TaskKey, number> => {
  const spent = new Map<TaskKey, number>();
  for (const { key, startedAt, endedAt } of attempts) spent.set(key, (spent.get(key) ?? 0) + endedAt - startedAt);
  return spent;
};

const summed = (variant: Variant, runs: readonly [Forecast, ...Forecast[]]): VariantForecast => {
  const byMakespan = runs.toSorted((a, b) => a.makespanMs - b.makespanMs);
  const typical = byMakespan[Math.floor((byMakespan.length - 1) / 2)] ?? runs[0];
  const spans = byMakespan.map(({ makespanMs }) => makespanMs);
  const waits = ascending(runs.flatMap(({ attempts }) => attempts.map(({ readyAt, startedAt }) => Math.max(0, startedAt - readyAt))));
  const spent = spentOn(typical);
  return {
    variant,
    samples: runs.length,
    makespan: { p10: quantile(spans, 0.1), p50: typical.makespanMs, p90: quantile(spans, 0.9) },
    wait: { mean: mean(waits), p50: quantile(waits, 0.5), p95: quantile(waits, 0.95) },
    pools: variant.pools.map((pool) => poolForecast(variant, pool, runs)),
    typical,
    critical: criticalPath(definitionsOf(variant), (key) => spent.get(key) ?? 0),
  };
};

export interface Sampling {
  readonly samples: number;
  readonly seed: number;
  /** A new registry each time. */
  readonly openRegistry: () => RegistrySource;
  /** Asked before each run, to let others have their turn. */
  readonly pause: () => Promise<void>;
}

/** Runs a variant so many times, each with luck of its own; variants meet the same luck in each. */
export const forecastVariant = async (
  variant: Variant,
  { samples, seed, openRegistry, pause }: Sampling,
): Promise<Result<VariantForecast, PortError>> => {
  const run = async (n: number): Promise<Result<Forecast, PortError>> => {
    await pause();
    return forecast({ ...variant, seed: seed + n, source: openRegistry() });
  };
  const first = await run(0);
  if (!first.ok) return first;
  const runs: [Forecast, ...Forecast[]] = [first.value];
  for (let n = 1; n < samples; n += 1) {
    const next = await run(n);
    if (!next.ok) return next;
    runs.push(next.value);
  }
  return ok(summed(variant, runs));
};

/** Every policy with every choice of sizes; a pool that is named more than once has several. */
export const combinations = <P>(
  policies: readonly P[],
  sizes: ReadonlyMap<PoolName, readonly number[]>,
): readonly { readonly policy: P; readonly sizes: ReadonlyMap<PoolName, number> }[] => {
  let choices: readonly ReadonlyMap<PoolName, number>[] = [new Map()];
  for (const [pool, wanted] of sizes) choices = choices.flatMap((choice) => wanted.map((size) => new Map([...choice, [pool, size]])));
  return policies.flatMap((policy) => choices.map((choice) => ({ policy, sizes: choice })));
};
