import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { definition as taskOf } from '../definition.ts';
import { backoffDelayMs } from '../../src/domain/backoff.ts';
import { cyclicComponents, findCycles } from '../../src/domain/dependency-graph.ts';
import { poolName, registryId, runnerId, runnerIdOf, specName, taskId, taskKey } from '../../src/domain/ids.ts';
import { outcomeOf, type Outcome, type RunnerResult } from '../../src/domain/outcome.ts';
import { formatDuration, MAX_DURATION_MS, parseDuration } from '../../src/domain/quantities.ts';
import { definitionText, freshName, planResubmission, renamed } from '../../src/domain/resubmission.ts';
import { settle } from '../../src/domain/settlement.ts';
import { TASK_STATES, type RetryPolicy, type TaskDefinition, type TaskSet } from '../../src/domain/task.ts';

const policy: fc.Arbitrary<RetryPolicy> = fc.record({
  maxAttempts: fc.integer({ min: 1, max: 20 }),
  initialIntervalMs: fc.nat(1_000_000),
  backoffBase: fc.double({ min: 1, max: 100, noNaN: true }),
  maxIntervalMs: fc.nat(MAX_DURATION_MS),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});
const luck = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const failures = fc.integer({ min: 1, max: 1_000_000 });

describe('the delay before a retry', () => {
  it('is a whole number from 0 to the maximum', () => {
    fc.assert(
      fc.property(policy, failures, luck, (retry, n, draw) => {
        const delay = backoffDelayMs(retry, n, draw);
        assert.ok(Number.isInteger(delay) && delay >= 0 && delay <= retry.maxIntervalMs);
      }),
    );
  });

  it('does not shrink with failures or with luck', () => {
    fc.assert(
      fc.property(policy, failures, luck, luck, (retry, n, one, other) => {
        assert.ok(backoffDelayMs(retry, n, one) <= backoffDelayMs(retry, n + 1, one));
        assert.ok(backoffDelayMs(retry, n, Math.min(one, other)) <= backoffDelayMs(retry, n, Math.max(one, other)));
      }),
    );
  });

  it('stays within the share that jitter allows', () => {
    fc.assert(
      fc.property(policy, failures, luck, (retry, n, draw) => {
        const plain = backoffDelayMs({ ...retry, jitter: 0 }, n, draw);
        const moved = backoffDelayMs(retry, n, draw);
        assert.ok(Math.abs(moved - plain) <= plain * retry.jitter + 1);
      }),
    );
  });
});

const graph = fc
  .array(fc.array(fc.nat(11), { maxLength: 4 }), { maxLength: 10 })
  .map((rows) => new Map(rows.map((row, i) => [String(i), row.map(String)])));

/** Whether the nodes can be put in an order in which everything comes after what it depends on. */
const canBeOrdered = (edges: ReadonlyMap<string, readonly string[]>): boolean => {
  const left = new Map(edges);
  for (let size = -1; size !== left.size; ) {
    size = left.size;
    for (const [node, next] of left) if (!next.some((other) => left.has(other))) left.delete(node);
  }
  return left.size === 0;
};

describe('cycles', () => {
  it('are found exactly when the tasks cannot be put in order', () => {
    fc.assert(fc.property(graph, (edges) => assert.equal(findCycles(edges).length === 0, canBeOrdered(edges))));
  });

  it('are cycles: every step is a dependency, the end is the start, nothing else comes twice', () => {
    fc.assert(
      fc.property(graph, (edges) => {
        const cycles = findCycles(edges);
        assert.equal(cycles.length, cyclicComponents(edges).length);
        for (const cycle of cycles) {
          assert.ok(cycle.length >= 2);
          assert.equal(cycle.at(-1), cycle[0]);
          assert.equal(new Set(cycle).size, cycle.length - 1);
          for (const [i, node] of cycle.slice(0, -1).entries()) {
            assert.ok(edges.get(node)?.includes(cycle[i + 1] ?? ''), `${node} → ${cycle[i + 1]}`);
          }
        }
      }),
    );
  });

  it('are gone once a dependency of each is dropped, again and again', () => {
    fc.assert(
      fc.property(graph, (edges) => {
        const rest = new Map(edges);
        for (let round = 0; round < 50 && findCycles(rest).length > 0; round += 1) {
          for (const [from = '', to] of findCycles(rest)) {
            rest.set(from, (rest.get(from) ?? []).filter((node) => node !== to));
          }
        }
        assert.ok(canBeOrdered(rest));
      }),
    );
  });
});

const REGISTRY = registryId('0a1b2c3d-0000-4000-8000-000000000000');
const spec = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('/'));
const id = fc.string({ unit: 'grapheme', minLength: 1 });

describe('a runner id', () => {
  it('is a DNS label', () => {
    fc.assert(
      fc.property(spec, id, fc.integer({ min: 1, max: 999_999 }), (s, i, attempt) => {
        const label = runnerIdOf(REGISTRY, taskKey(specName(s), taskId(i)), attempt);
        assert.match(label, /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);
        assert.ok(label.endsWith(`-${attempt}`));
      }),
    );
  });

  it('is another for another task or attempt', () => {
    const alike = fc.string({ unit: fc.constantFrom('a', 'A', '1', '-', '.', '_', ' '), minLength: 1, maxLength: 6 });
    const start = fc.tuple(alike, alike, fc.integer({ min: 1, max: 12 }));
    fc.assert(
      fc.property(start, start, (one, other) => {
        const of = ([s, i, attempt]: typeof one) => runnerIdOf(REGISTRY, taskKey(specName(s), taskId(i)), attempt);
        assert.equal(of(one) === of(other), one.join('/') === other.join('/'));
      }),
      { numRuns: 2000 },
    );
  });
});

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant({ kind: 'succeeded' as const, status: 'done' as const, summary: null }),
  fc.record({
    kind: fc.constantFrom('failed' as const, 'launchFailed' as const),
    reason: fc.string(),
    retryable: fc.boolean(),
  }),
  fc.record({
    kind: fc.constantFrom('timedOut' as const, 'lost' as const, 'cancelled' as const, 'interrupted' as const),
    reason: fc.string(),
  }),
  fc.record({
    kind: fc.constant('throttled' as const),
    reason: fc.string(),
    retryAfterMs: fc.option(fc.nat(100_000)),
  }),
  fc.record({ kind: fc.constant('parked' as const), need: fc.constant('input' as const), reason: fc.string() }),
);

describe('a task that goes on until it ends', () => {
  it('never counts more attempts than the maximum, and stops at its ends', () => {
    fc.assert(
      fc.property(policy, fc.array(fc.tuple(outcome, luck), { maxLength: 60 }), (retry, story) => {
        let counted = 0;
        let at = 1000;
        for (const [index, [ending, draw]] of story.entries()) {
          const settlement = settle({
            outcome: ending,
            spec: specName('s'),
            taskId: taskId('t'),
            attempt: index + 1,
            runnerId: runnerId('r'),
            slotId: null,
            pool: poolName('p'),
            countedBefore: counted,
            startedAt: at,
            at: at + 1,
            retry,
            luck: draw,
          });
          if (settlement.counted) counted += 1;
          assert.ok(counted <= retry.maxAttempts);
          assert.equal(settlement.events.length, 2);
          assert.equal(settlement.notBefore !== null && settlement.taskState !== 'ready', false);
          assert.ok(settlement.notBefore === null || settlement.notBefore > at);
          if (settlement.taskState === 'ready') {
            assert.ok(counted < retry.maxAttempts, 'another attempt is still to be had');
            at = settlement.notBefore ?? at + 1;
          } else if (settlement.taskState !== 'parked') {
            return;
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('an outcome', () => {
  const statuses = ['done', 'no_change', 'failed', 'needs_input', 'needs_review', 'rate_limited'] as const;
  const result: fc.Arbitrary<RunnerResult> = fc.record({
    status: fc.constantFrom(...statuses),
    reason: fc.option(fc.string()),
    summary: fc.option(fc.string()),
    retryable: fc.option(fc.boolean()),
    retryAfterMs: fc.option(fc.nat()),
  });
  const exit = fc.oneof(
    fc.record({ exitCode: fc.integer({ min: 0, max: 255 }), signal: fc.constant(null) }),
    fc.record({ exitCode: fc.constant(null), signal: fc.constantFrom('SIGKILL', 'SIGTERM', null) }),
  );

  it('depends on the result alone when there is one that can be read', () => {
    fc.assert(
      fc.property(exit, exit, result, (one, other, said) => {
        assert.deepEqual(outcomeOf({ ...one, result: said }), outcomeOf({ ...other, result: said }));
      }),
    );
  });

  it('is success without a result exactly for exit code 0', () => {
    fc.assert(
      fc.property(exit, (end) => {
        assert.equal(outcomeOf({ ...end, result: null }).kind === 'succeeded', end.exitCode === 0);
        assert.notEqual(outcomeOf({ ...end, result: { unreadable: 'x' } }).kind, 'succeeded');
      }),
    );
  });
});

const definition = (name: string, priority: number): TaskDefinition => taskOf(name, { priority, command: null });

const setOf = (tasks: readonly TaskDefinition[]): TaskSet => ({
  name: specName('s'),
  repo: null,
  weight: 1,
  maxConcurrency: null,
  done: [],
  tasks,
});

const tasks = fc
  .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.nat(1)), { selector: ([name]) => name })
  .map((rows) => rows.map(([name, priority]) => definition(name, priority)));

describe('submitting a set again', () => {
  const known = tasks.chain((all) =>
    fc.tuple(...all.map((task) => fc.constantFrom(...TASK_STATES).map((state) => ({ task, state })))),
  );

  const mode = fc.constantFrom('refuse' as const, 'redo' as const, 'keep' as const);

  it('decides about every task of the set once, and never touches what runs', () => {
    fc.assert(
      fc.property(known, tasks, mode, (old, now, changedDone) => {
        const before = old.map(({ task, state }) => ({
          key: taskKey(specName('s'), task.id),
          state,
          definition: definitionText(task),
          reason: null,
        }));
        const plan = planResubmission(before, setOf(now), changedDone);
        const decided = Object.values(plan).flat();
        assert.equal(new Set(decided).size, decided.length);
        for (const task of now) assert.ok(decided.includes(taskKey(specName('s'), task.id)));
        const changed = new Set([...plan.added, ...plan.replaced, ...plan.cancelled]);
        for (const { key, state } of before) assert.equal(state === 'running' && changed.has(key), false);
      }),
    );
  });

  it('changes nothing when it is the same', () => {
    fc.assert(
      fc.property(tasks, (all) => {
        const before = all.map((task) => ({
          key: taskKey(specName('s'), task.id),
          state: 'ready' as const,
          definition: definitionText(task),
          reason: null,
        }));
        assert.equal(planResubmission(before, setOf(all), 'refuse').unchanged.length, all.length);
      }),
    );
  });

  it('finds a name for a fresh run that nobody has', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom('s', 's@2', 's@3', 's@4', 't')), (taken) => {
        const fresh = freshName(specName('s'), taken);
        assert.equal(new Set<string>(taken).has(fresh), false);
        assert.equal(renamed(setOf([]), fresh).name, fresh);
      }),
    );
  });
});

describe('a duration', () => {
  it('comes back from its text exactly below a minute, and to the second from there on', () => {
    fc.assert(
      fc.property(fc.nat(MAX_DURATION_MS - 1000), (ms) => {
        const exact = ms < 60_000 ? ms : Math.round(ms / 1000) * 1000;
        assert.deepEqual(parseDuration(formatDuration(ms)), { ok: true, value: exact });
      }),
    );
    fc.assert(
      fc.property(fc.nat(60_000), (ms) => {
        assert.deepEqual(parseDuration(formatDuration(ms)), { ok: true, value: ms });
      }),
    );
  });

  it('is whole milliseconds within bounds, or an error, whatever was written', () => {
    fc.assert(
      fc.property(fc.anything(), (written) => {
        const read = parseDuration(written);
        if (!read.ok) assert.match(read.error, /^a duration/);
        else assert.ok(Number.isInteger(read.value) && read.value >= 0 && read.value <= MAX_DURATION_MS);
      }),
    );
  });
});
