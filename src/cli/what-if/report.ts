import { formatDuration } from '../../domain/quantities.ts';
import type { GanttPanel } from '../../simulation/what-if/gantt.ts';
import type { Interval, PoolForecast, VariantForecast } from '../../simulation/what-if/variant.ts';
import { colours } from '../io.ts';
import { table } from '../output/table.ts';
import { boundBy } from './variants.ts';

const SHOWN = 8;

/** Seconds are enough for a forecast. */
const time = (ms: number): string => formatDuration(ms < 10_000 ? Math.round(ms) : Math.round(ms / 1000) * 1000);

const span = ({ p10, p50, p90 }: Interval): string => (p10 === p90 ? time(p50) : `${time(p50)} (${time(p10)} to ${time(p90)})`);

const percent = (share: number): string => `${Math.round(share * 100)} %`;

const useOf = ({ name, utilisation, cpuUtilisation }: PoolForecast): string =>
  `${name} ${percent(utilisation)}${cpuUtilisation === null ? '' : ` (CPU ${percent(cpuUtilisation)})`}`;

const sizesOf = ({ pools }: VariantForecast): string => pools.map(({ name, maxConcurrency }) => `${name}=${maxConcurrency}`).join(' ');

export const titleOf = (one: VariantForecast): string => `${one.variant.policyName}, ${sizesOf(one)}`;

const listed = (lines: readonly string[]): readonly string[] =>
  lines.length > SHOWN ? [...lines.slice(0, SHOWN), `… and ${lines.length - SHOWN} more`] : lines;

const chain = (tasks: readonly string[]): string =>
  tasks.length > SHOWN ? `${tasks.slice(0, SHOWN - 1).join(' → ')} → … → ${tasks.at(-1) ?? ''} (${tasks.length} tasks)` : tasks.join(' → ');

/** What people read: a row for each variant, and below it what else they should know. */
export const forecastText = (all: readonly VariantForecast[]): string => {
  const rows = all.map((one) => [
    one.variant.policyName,
    sizesOf(one),
    span(one.makespan),
    time(one.wait.mean),
    time(one.wait.p50),
    time(one.wait.p95),
    one.pools.map(useOf).join(', '),
  ]);
  const parts = [table(['POLICY', 'POOLS', 'MAKESPAN', 'WAIT mean', 'p50', 'p95', 'UTILISATION'], rows), ''];
  const [first] = all;
  if (first !== undefined && first.critical.tasks.length > 0) {
    parts.push(`critical path ${time(first.critical.ms)}: ${chain(first.critical.tasks)}`);
  }
  const notes = new Set<string>();
  for (const one of all) {
    const bound = boundBy(one.variant);
    if (bound !== null) notes.add(`with ${sizesOf(one)}: ${bound}`);
    const { failed, stuck } = one.typical;
    for (const line of listed(failed.map(({ key, reason }) => `${key} fails: ${reason}`))) notes.add(line);
    for (const line of listed(stuck)) notes.add(line);
  }
  return [...parts, ...[...notes].map((note) => `${colours.yellow('note')} ${note}`)].join('\n').trimEnd();
};

const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;

const interval = ({ p10, p50, p90 }: Interval) => ({ p10, p50, p90 });

/** The same for programs, whole. Times in ms; those of runs from the moment in which all was submitted. */
export const forecastJson = (all: readonly VariantForecast[]) =>
  all.map((one) => ({
    policy: one.variant.policyName,
    samples: one.samples,
    makespan_ms: interval(one.makespan),
    wait_ms: { mean: Math.round(one.wait.mean), p50: one.wait.p50, p95: one.wait.p95 },
    pools: one.pools.map((pool) => ({
      name: pool.name,
      max_concurrency: pool.maxConcurrency,
      starts: rounded(pool.starts),
      utilisation: rounded(pool.utilisation),
      cpu_utilisation: pool.cpuUtilisation === null ? null : rounded(pool.cpuUtilisation),
    })),
    critical_path: { ms: one.critical.ms, tasks: one.critical.tasks },
    tasks: one.typical.counts,
    failed: one.typical.failed.map(({ key, reason }) => ({ task: key, reason })),
    stuck: one.typical.stuck,
    runs: one.typical.attempts.map(({ key, attempt, pool, readyAt, startedAt, endedAt, end }) => ({
      task: key,
      attempt,
      pool,
      ready_ms: readyAt,
      start_ms: startedAt,
      end_ms: endedAt,
      end,
    })),
  }));

/** One chart for each variant: of several runs the one whose makespan is the middle one. */
export const panelsOf = (all: readonly VariantForecast[]): readonly GanttPanel[] =>
  all.map((one) => ({
    title: `${titleOf(one)}: ${span(one.makespan)}`,
    pools: one.pools.map(({ name }) => name),
    attempts: one.typical.attempts,
  }));
