import type { z } from 'zod';
import { POOL_TYPES } from '../domain/engine-settings.ts';
import { err, ok } from '../domain/result.ts';
import { POLICIES } from '../domain/settings.ts';
import { dockerKeys } from './docker-pool-schema.ts';
import {
  count,
  cpu,
  duration,
  field,
  flag,
  listOf,
  mapOf,
  memory,
  name,
  number,
  oneOf,
  orText,
  positiveDuration,
  record,
  text,
  type Kind,
} from './field.ts';
import { CarriedComplaint, COMPLAINT } from './finding.ts';
import { quoted } from './input-error.ts';
import { kubernetesKeys } from './kubernetes-pool-schema.ts';
import { confinementKeys } from './local-process-schema.ts';
import { advertisedUrl, listenAddress } from './server-addresses.ts';
import { commandSchema, environmentSchema, retrySchema } from './shared-schema.ts';

const lenientCount = field(orText(count)).nullish();
const lenientFlag = field(orText(flag)).nullish();
const optionalDuration = field(duration).nullish();
const optionalPositive = field(positiveDuration).nullish();
const nonEmpty =
  (what: string): Kind<string> =>
  (value) =>
    value === '' ? err({ kind: 'expected', what }) : text(what)(value);

const optionalText = (what: string) => field(nonEmpty(what)).nullish();

/** One by name, or the path of a module. */
const policy: Kind<string> = (value) => {
  const isPolicy = typeof value === 'string' && (POLICIES.some((known) => known === value) || /^\.{0,2}\/|\.[cm]?[jt]s$/.test(value));
  return isPolicy ? ok(value) : err({ kind: 'expected', what: `one of ${POLICIES.join(', ')}, or a module such as ./policy.ts` });
};

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Priority gained by waiting, such as `1/h`; per ms after it. */
const ageing: Kind<number> = (value) => {
  const [, gain, unit = ''] = typeof value === 'string' ? (/^(\d+(?:\.\d+)?)\/(s|m|h|d)$/.exec(value) ?? []) : [];
  const unitMs = UNIT_MS[unit];
  if (gain === undefined || unitMs === undefined) return err({ kind: 'expected', what: 'priority gained over a time, such as "1/h"' });
  return ok(Number(gain) / unitMs);
};

const passedOver: Kind<number | 'unlimited'> = (value) => {
  if (value === 'unlimited') return ok(value);
  const read = orText(count)(value);
  return read.ok ? read : err({ kind: 'expected', what: 'a whole number of at least 1, or unlimited' });
};

const dispatcher = record({
  poll_interval: optionalPositive,
  scheduling_policy: field(policy).nullish(),
  priority: record({ enabled: lenientFlag, ageing: field(ageing).nullish() }).nullish(),
  fair_share: record({ half_life: optionalPositive }).nullish(),
  backfill: record({ max_passed_over: field(passedOver).nullish() }).nullish(),
  max_global_concurrency: lenientCount,
  heartbeat_timeout: optionalPositive,
  timeout: optionalPositive,
  stall_timeout: optionalPositive,
  strict_skills: lenientFlag,
  stop_grace: optionalDuration,
  usage_interval: optionalPositive,
  retry: retrySchema(orText).nullish(),
  graceful_shutdown: record({
    timeout: optionalDuration,
    on_shutdown: field(oneOf(['stop', 'leave'])).nullish(),
  }).nullish(),
  deadlock_detection: record({ enabled: lenientFlag, check_interval: optionalPositive }).nullish(),
});

const POOL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

const poolReference: Kind<string> = (value) =>
  typeof value === 'string' ? ok(value) : err({ kind: 'expected', what: 'the name of a pool' });

const poolType: Kind<(typeof POOL_TYPES)[number]> = oneOf(POOL_TYPES);

const pool = record(
  {
    type: field(poolType),
    enabled: lenientFlag,
    max_concurrency: lenientCount,
    cpu_quota: field(cpu).nullish(),
    memory_quota: field(memory).nullish(),
    skills: listOf(field(name('skill')), 'a list of skills; write ["backend"]').nullish(),
    timeout: optionalPositive,
    stall_timeout: optionalPositive,
    breaker: record({ failures: lenientCount, cooldown: optionalDuration, health_interval: optionalDuration }).nullish(),
    retry: retrySchema(orText).nullish(),
    account: field(name('account')).nullish(),
    ...confinementKeys,
    config: record({
      command: commandSchema.nullish(),
      env: environmentSchema.nullish(),
      image: optionalText('the name of an image'),
      pull_policy: field(oneOf(['always', 'if-not-present', 'never'])).nullish(),
      ...dockerKeys,
      ...kubernetesKeys,
      resources: record({
        cpu_limit: field(cpu).nullish(),
        memory_limit: field(memory).nullish(),
        cpu_default: field(cpu).nullish(),
        memory_default: field(memory).nullish(),
      }).nullish(),
    }).nullish(),
  },
  'a pool: a mapping with type',
);

const pools = mapOf(pool, 'a mapping from pool names to pools').superRefine((named, context) => {
  for (const key of Object.keys(named)) {
    if (POOL_NAME.test(key)) continue;
    const message = 'a pool name of letters, digits, ".", "_" and "-", at most 63 of them; rename it';
    const carried = new CarriedComplaint({ kind: 'said', message: `${quoted(key)} is not ${message}` });
    context.addIssue({ code: 'custom', path: [key], params: { [COMPLAINT]: carried } });
  }
});

/** A configuration as it is written, or a part of it. Durations are in ms after it, memory in MB, CPU in cores. */
export const configurationSchema = record(
  {
    dispatcher: dispatcher.nullish(),
    registry: record({
      type: field(oneOf(['sqlite'])).nullish(),
      path: optionalText('the path of a file'),
      synchronous: field(oneOf(['normal', 'full'])).nullish(),
    }).nullish(),
    state_dir: optionalText('the path of a folder'),
    repo_pool: record({
      type: field(oneOf(['directory', 'git-worktree', 'git-clone'])).nullish(),
      repo: optionalText('the place of a repository'),
      base: optionalText('a branch, a tag or a commit'),
      slots: lenientCount,
      base_dir: optionalText('the path of a folder'),
    }).nullish(),
    server: record({
      host: optionalText('a host name or address'),
      port: field(orText(number({ min: 0, max: 65_535, whole: true }))).nullish(),
      runner_listen: field(listenAddress).nullish(),
      advertise: field(advertisedUrl).nullish(),
    }).nullish(),
    agent_pools: pools.nullish(),
    skill_mapping: mapOf(
      listOf(field(poolReference), 'a list of pools; write [local]'),
      'a mapping from skills to lists of pools',
    ).nullish(),
    concurrency_keys: mapOf(field(orText(count)), 'a mapping from concurrency keys to their limits').nullish(),
  },
  'a mapping with dispatcher, agent_pools and the like',
);

export type WrittenConfiguration = z.output<typeof configurationSchema>;
export type WrittenPool = NonNullable<WrittenConfiguration['agent_pools']>[string];
