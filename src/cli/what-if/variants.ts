import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Configuration } from '../../config/configuration.ts';
import { quoted } from '../../config/input-error.ts';
import { loadSchedulingPolicy } from '../../config/load-scheduling-policy.ts';
import { poolName, type PoolName } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { POLICIES, type SchedulingSettings } from '../../domain/settings.ts';
import type { TaskSet } from '../../domain/task.ts';
import type { SchedulingPolicy } from '../../scheduling/scheduling-policy.ts';
import { unknownPool } from '../../server/known-name.ts';
import type { DurationModel } from '../../simulation/what-if/durations.ts';
import { combinations, type Variant } from '../../simulation/what-if/variant.ts';

const MOST_CONCURRENCY = 1_000_000;
const MOST_VARIANTS = 64;

interface Choice {
  readonly name: string;
  readonly settings: Partial<SchedulingSettings>;
  readonly policy: SchedulingPolicy | null;
}

const policyOf = async (written: string): Promise<Result<Choice, string>> => {
  const known = POLICIES.find((name) => name === written);
  if (known !== undefined) {
    return ok({ name: known, settings: { schedulingPolicy: known, policyModule: null, usesPriority: true }, policy: null });
  }
  const policyModule = resolve(written);
  if (!existsSync(policyModule)) {
    return err(`--policy ${quoted(written)}: expected one of ${POLICIES.join(', ')}, or the path of a module that is there`);
  }
  const loaded = await loadSchedulingPolicy({ policyModule });
  if (!loaded.ok) return err(loaded.error.message);
  return ok({ name: written, settings: { schedulingPolicy: 'custom', policyModule }, policy: loaded.value });
};

const configured = async ({ dispatcher }: Configuration): Promise<Result<Choice, string>> => {
  const { schedulingPolicy, policyModule } = dispatcher;
  const loaded = await loadSchedulingPolicy({ policyModule });
  return loaded.ok ? ok({ name: policyModule ?? schedulingPolicy, settings: {}, policy: loaded.value }) : err(loaded.error.message);
};

const sizesOf = (written: readonly string[], { pools }: Configuration): Result<ReadonlyMap<PoolName, readonly number[]>, string> => {
  const sizes = new Map<PoolName, number[]>();
  for (const text of written) {
    const [, name, size] = /^(.+)=(\d+)$/.exec(text) ?? [];
    const wanted = Number(size);
    if (name === undefined || !(wanted >= 1 && wanted <= MOST_CONCURRENCY)) {
      return err(`--pool ${quoted(text)}: expected NAME=N with N from 1 to ${MOST_CONCURRENCY}, such as docker=4`);
    }
    const pool = pools.find((known) => known.name === name)?.name;
    if (pool === undefined) return err(`--pool ${unknownPool(name, pools.map((known) => known.name)).message}`);
    sizes.set(pool, [...(sizes.get(pool) ?? []), wanted]);
  }
  return ok(sizes);
};

export interface VariantWishes {
  readonly policy?: readonly string[];
  readonly pool?: readonly string[];
}

/** Every policy wanted (or the configured one) with every choice of pool sizes; an error is one line. */
export const variantsOf = async (
  configuration: Configuration,
  sets: readonly TaskSet[],
  durations: DurationModel,
  wishes: VariantWishes,
): Promise<Result<readonly Variant[], string>> => {
  const choices: Choice[] = [];
  for (const policy of wishes.policy === undefined ? [configured(configuration)] : wishes.policy.map(policyOf)) {
    const choice = await policy;
    if (!choice.ok) return choice;
    choices.push(choice.value);
  }
  const sizes = sizesOf(wishes.pool ?? [], configuration);
  if (!sizes.ok) return sizes;
  const { dispatcher, pools } = configuration;
  const all = combinations(choices, sizes.value);
  if (all.length > MOST_VARIANTS) return err(`${all.length} combinations of --policy and --pool; expected at most ${MOST_VARIANTS}; leave some out`);
  return ok(
    all.map(({ policy: { name, settings, policy }, sizes: chosen }) => ({
      policyName: name,
      sizes: new Map([...chosen].map(([pool, size]) => [poolName(pool), size])),
      settings: { ...dispatcher, ...settings },
      pools: pools.map((pool) => ({ ...pool, maxConcurrency: chosen.get(pool.name) ?? pool.maxConcurrency })),
      policy,
      sets,
      durations,
    })),
  );
};

/** Limits that keep a variant from using its pools to the full; one line, `null` where none does. */
export const boundBy = ({ settings, pools }: Variant): string | null => {
  const slots = pools.filter(({ enabled }) => enabled).reduce((sum, { maxConcurrency }) => sum + maxConcurrency, 0);
  const [limit, name] =
    settings.slots < settings.maxGlobalConcurrency ? [settings.slots, 'repo_pool.slots'] : [settings.maxGlobalConcurrency, 'max_global_concurrency'];
  return slots <= limit ? null : `the pools together allow ${slots} at once, ${name} ${limit}: that counts`;
};
