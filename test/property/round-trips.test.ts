import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { formatInputErrors } from '../../src/config/input-error.ts';
import { loadConfiguration } from '../../src/config/load-configuration.ts';
import { parseRunnerResult } from '../../src/protocol/runner-result.ts';
import { drawPlan, type Preset } from '../../src/simulation/draw-plan.ts';
import { simulationPlanSchema } from '../../src/simulation/plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'round-trips-'));
after(() => rmSync(folder, { recursive: true }));

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

describe('what a runner reports', () => {
  const written = fc.record(
    {
      status: fc.constantFrom('done', 'no_change', 'failed', 'needs_input', 'needs_review', 'rate_limited'),
      reason: fc.option(fc.string({ unit: 'grapheme' })),
      summary: fc.option(fc.string({ unit: 'grapheme' })),
      retryable: fc.option(fc.boolean()),
      retry_after: fc.option(fc.nat(1_000_000).map((ms) => ms / 1000)),
      usage: fc.option(fc.dictionary(fc.string(), fc.jsonValue())),
      artifacts: fc.option(fc.array(fc.jsonValue())),
      of_a_later_version: fc.jsonValue(),
    },
    { requiredKeys: ['status'] },
  );

  it('is read back as it was written; what is not said is null, and what a later version says is no fault', () => {
    fc.assert(
      fc.property(written, (report) => {
        assert.deepEqual(parseRunnerResult(JSON.stringify(report)), {
          ok: true,
          value: {
            status: report.status,
            reason: report.reason ?? null,
            summary: report.summary ?? null,
            retryable: report.retryable ?? null,
            retryAfterMs: report.retry_after == null ? null : Math.round(report.retry_after * 1000),
          },
        });
      }),
    );
  });

  it('is refused in one line, whatever else it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const read = parseRunnerResult(text);
        if (!read.ok) assert.match(read.error, /^[^\n]+$/);
      }),
    );
  });
});

describe('a plan of the simulator', () => {
  const plan = fc
    .record({ seed: fc.nat(2 ** 31 - 1), preset: fc.constantFrom<Preset>('calm', 'lite', 'swarm') })
    .map(({ seed, preset }) => drawPlan(seed, preset));

  it('is the same after it was written to a file and read, so that it replays', () => {
    fc.assert(
      fc.property(plan, (drawn) => assert.deepEqual(simulationPlanSchema.parse(JSON.parse(JSON.stringify(drawn))), drawn)),
    );
  });

  it('is refused with a key that nobody knows', () => {
    fc.assert(
      fc.property(plan, (drawn) => assert.equal(simulationPlanSchema.safeParse({ ...drawn, faluts: {} }).success, false)),
      { numRuns: 20 },
    );
  });
});

const count = fc.integer({ min: 1, max: 1000 });
const seconds = fc.nat(1_000_000).map((ms) => ms / 1000);
const time = fc.integer({ min: 1, max: 1_000_000 }).map((ms) => ms / 1000);
const POOLS = ['local', 'big', 'spare'] as const;

const pool = fc.record(
  {
    type: fc.constant('local-process'),
    enabled: fc.boolean(),
    max_concurrency: count,
    cpu_quota: fc.integer({ min: 1, max: 64 }),
    memory_quota: fc.integer({ min: 1, max: 65_536 }),
    timeout: time,
    breaker: fc.record({ failures: count, cooldown: seconds }),
  },
  { requiredKeys: ['type'] },
);
const dispatcher = fc.record(
  {
    poll_interval: time,
    scheduling_policy: fc.constantFrom('fifo', 'priority'),
    max_global_concurrency: count,
    timeout: time,
    stop_grace: seconds,
    strict_skills: fc.boolean(),
    retry: fc.record(
      { max_attempts: count, initial_interval: seconds, backoff_base: fc.integer({ min: 1, max: 100 }), max_interval: seconds, jitter: fc.constantFrom(0, 0.25, 1) },
      { requiredKeys: [] },
    ),
    graceful_shutdown: fc.record({ timeout: seconds, on_shutdown: fc.constantFrom('stop', 'leave') }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);
const configuration = fc.record({
  dispatcher: maybe(dispatcher),
  registry: maybe(fc.record({ synchronous: fc.constantFrom('normal', 'full') })),
  repo_pool: maybe(fc.record({ type: fc.constant('directory'), slots: count })),
  server: maybe(fc.record({ port: fc.nat(65_535) })),
  agent_pools: fc.record({ local: pool, big: pool, spare: pool }, { requiredKeys: ['local', 'big', 'spare'] }),
  skill_mapping: maybe(fc.dictionary(fc.constantFrom('web', 'default', 'gpu'), fc.uniqueArray(fc.constantFrom(...POOLS), { minLength: 1 }))),
  concurrency_keys: maybe(fc.dictionary(fc.constantFrom('db', 'gpu'), count)),
});
type Written = typeof configuration extends fc.Arbitrary<infer T> ? T : never;

const ms = (written: number | undefined): number | undefined => (written === undefined ? undefined : Math.round(written * 1000));

const load = (text: string) => {
  const path = join(folder, 'dispatcher.yaml');
  writeFileSync(path, text);
  return loadConfiguration({ cwd: folder, files: [path], env: { LIMIT: '7' } });
};

const loaded = (written: Written) => {
  // Through JSON, for `undefined` stands for a key that is not there.
  const read = load(dump(JSON.parse(JSON.stringify(written))));
  assert.ok(read.ok, read.ok ? '' : formatInputErrors(read.error).join('\n'));
  return read.value;
};

describe('a configuration', () => {
  it('says what was written, in ms, and the defaults where nothing was', () => {
    const defaults = loaded({ dispatcher: undefined, registry: undefined, repo_pool: undefined, server: undefined, agent_pools: { local: { type: 'local-process' }, big: { type: 'local-process' }, spare: { type: 'local-process' } }, skill_mapping: undefined, concurrency_keys: undefined });
    fc.assert(
      fc.property(configuration, (written) => {
        const read = loaded(written);
        const own = written.dispatcher ?? {};
        const { dispatcher: byDefault } = defaults;
        const limit = own.max_global_concurrency ?? byDefault.maxGlobalConcurrency;
        assert.deepEqual(
          { ...read.dispatcher, skillMapping: null, defaultPools: null, concurrencyKeys: Object.fromEntries(read.dispatcher.concurrencyKeys) },
          {
            pollIntervalMs: ms(own.poll_interval) ?? byDefault.pollIntervalMs,
            schedulingPolicy: own.scheduling_policy ?? 'priority',
            policyModule: null,
            usesPriority: true,
            ageingPerMs: 0,
            fairShareHalfLifeMs: byDefault.fairShareHalfLifeMs,
            maxPassedOver: 10,
            maxGlobalConcurrency: limit,
            slots: written.repo_pool?.slots ?? limit,
            retry: {
              maxAttempts: own.retry?.max_attempts ?? byDefault.retry.maxAttempts,
              initialIntervalMs: ms(own.retry?.initial_interval) ?? byDefault.retry.initialIntervalMs,
              backoffBase: own.retry?.backoff_base ?? byDefault.retry.backoffBase,
              maxIntervalMs: ms(own.retry?.max_interval) ?? byDefault.retry.maxIntervalMs,
              jitter: own.retry?.jitter ?? byDefault.retry.jitter,
            },
            timeoutMs: ms(own.timeout) ?? byDefault.timeoutMs,
            deadlockCheckMs: byDefault.deadlockCheckMs,
            heartbeatTimeoutMs: byDefault.heartbeatTimeoutMs,
            stallTimeoutMs: byDefault.stallTimeoutMs,
            usageIntervalMs: 10_000,
            stopGraceMs: ms(own.stop_grace) ?? byDefault.stopGraceMs,
            shutdown: {
              timeoutMs: ms(own.graceful_shutdown?.timeout) ?? byDefault.shutdown.timeoutMs,
              onShutdown: own.graceful_shutdown?.on_shutdown ?? 'stop',
            },
            strictSkills: own.strict_skills ?? false,
            skillMapping: null,
            defaultPools: null,
            concurrencyKeys: { ...written.concurrency_keys },
          },
        );
        const { default: row, ...rows } = { ...written.skill_mapping };
        assert.deepEqual(Object.fromEntries(read.dispatcher.skillMapping), rows);
        assert.deepEqual(read.dispatcher.defaultPools, row ?? POOLS);
        assert.equal(read.server.portIsExplicit, written.server !== undefined);
        assert.deepEqual(
          read.pools.map(({ name, enabled, maxConcurrency, cpuQuota, memoryQuota, timeoutMs }) => [name, enabled, maxConcurrency, cpuQuota, memoryQuota, timeoutMs]),
          POOLS.map((name) => {
            const said = written.agent_pools[name];
            const quotas = [said.cpu_quota ?? null, said.memory_quota ?? null];
            return [name, said.enabled ?? true, said.max_concurrency ?? limit, ...quotas, ms(said.timeout) ?? null];
          }),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('is the same however its YAML is laid out, and with its limits taken from the environment', () => {
    fc.assert(
      fc.property(configuration, (written) => {
        const plain: unknown = JSON.parse(JSON.stringify(written));
        const expected = load(dump(plain));
        for (const options of [{ flowLevel: 0 }, { flowLevel: 2 }, { indent: 4 }]) assert.deepEqual(load(dump(plain, options)), expected);
        assert.deepEqual(load(JSON.stringify(plain)), expected);
        const spelled = { ...written, dispatcher: { ...written.dispatcher, max_global_concurrency: 7 } };
        const referred = { ...written, dispatcher: { ...written.dispatcher, max_global_concurrency: '${LIMIT}' } };
        assert.deepEqual(load(JSON.stringify(referred)), load(JSON.stringify(spelled)));
      }),
      { numRuns: 100 },
    );
  });
});
