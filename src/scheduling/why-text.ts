import type { OpenDependency } from '../domain/open-dependency.ts';
import { formatDuration } from '../domain/quantities.ts';
import type { Shortage } from './ledger.ts';

type Never = NonNullable<OpenDependency['never']>;

const NAMES_SHOWN = 4;

const neverText = ({ path, cause }: Never): string => {
  const root = path.at(-1) ?? '';
  const way = path.length > 1 ? ` (by way of ${path.slice(0, -1).join(', ')})` : '';
  switch (cause) {
    case 'failed':
      return `blocked by ${root}, which failed${way}; retry it or skip it`;
    case 'cancelled':
      return `blocked by ${root}, which was cancelled${way}; retry it or skip it`;
    case 'missing':
      return `blocked by ${root}, which does not exist${way}; submit it, or drop the dependency`;
    case 'cycle':
      return `blocked by ${root}, which waits for itself${way}; drop a dependency in that circle`;
  }
};

/** What a task waits for, in one line; of what will never be, why, and how to mend it. */
export const dependenciesText = (dependencies: readonly OpenDependency[]): string => {
  const shown = dependencies.slice(0, NAMES_SHOWN);
  const more = dependencies.length > shown.length ? `; and ${dependencies.length - shown.length} more` : '';
  const lines = shown.map(({ key, state, never }) => (never === null ? `waits for ${key} (${state})` : neverText(never)));
  return lines.join('; ') + more;
};

const stateText = (state: string, reason: string | null): string => `is ${state}${reason === null ? '' : ` (${reason})`}`;

/** At most three digits behind the point: sums of thirds are nobody's business. */
const amount = (value: number): string => String(Math.round(value * 1000) / 1000);

/** One shortage in a few words. `wall`: now, ms since the epoch. */
export const shortageText = (shortage: Shortage, wall: number): string => {
  switch (shortage.code) {
    case 'global_concurrency':
      return `${shortage.used} of ${shortage.limit} run (max_global_concurrency)`;
    case 'slots':
      return `${shortage.used} of ${shortage.limit} slots are lent (repo_pool.slots)`;
    case 'spec_concurrency':
      return `${shortage.used} of ${shortage.limit} of its set run (max_concurrency of the set)`;
    case 'concurrency_key':
      return `${shortage.used} of ${shortage.limit} with the concurrency key ${JSON.stringify(shortage.key)} run`;
    case 'reserved_for':
      return `pool ${shortage.pool} is kept for ${shortage.task}, which is before it and needs more than is free`;
    case 'pool_not_accepting':
      return `pool ${shortage.pool} ${stateText(shortage.state, shortage.reason)}`;
    case 'pool_throttled': {
      const { pool, account, by, until, reason } = shortage;
      const whom = account === null ? '' : `, with account ${account}, told to pool ${by}`;
      const mend = `end it with: dispatcher pools enable ${pool}`;
      return `pool ${pool} is throttled for another ${formatDuration(until - wall)}${whom}: ${reason}; ${mend}`;
    }
    case 'pool_concurrency':
      return `pool ${shortage.pool} runs ${shortage.used} of ${shortage.limit} (max_concurrency)`;
    case 'pool_cpu': {
      const { pool, used, limit, needed } = shortage;
      return `pool ${pool} lacks CPU: ${amount(used)} of ${amount(limit)} cores are reserved, ${amount(needed)} needed`;
    }
    case 'pool_memory': {
      const { pool, used, limit, needed } = shortage;
      return `pool ${pool} lacks memory: ${amount(used)} of ${amount(limit)} MB are reserved, ${amount(needed)} needed`;
    }
  }
};
