import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { event } from '../../src/domain/events.ts';
import { registryId, taskId, type TaskKey } from '../../src/domain/ids.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { ChangedDone } from '../../src/domain/resubmission.ts';
import type { TaskSet, TaskState, TaskView } from '../../src/domain/task.ts';
import type { OpenAttempt, TaskOperation } from '../../src/ports/task-registry.ts';
import { TransportedRegistry } from '../../src/registry/core/transported-registry.ts';
import { openMemoryRegistry } from '../../src/registry/memory/open-memory-registry.ts';
import { directTransport } from '../../src/registry/sqlite/direct-transport.ts';
import { SqliteStore } from '../../src/registry/sqlite/sqlite-store.ts';
import { ask, Desk, must } from '../conformance/registry/desk.ts';
import {
  cancelled,
  failed,
  failedForGood,
  interrupted,
  key,
  succeeded,
  taskSet,
} from '../conformance/registry/samples.ts';

type Operation =
  | { readonly kind: 'submit'; readonly set: TaskSet; readonly mode: ChangedDone; readonly fresh: boolean }
  | { readonly kind: 'claim' | 'launch' | 'adopt'; readonly pick: number; readonly slip: number }
  | { readonly kind: 'settle'; readonly pick: number; readonly slip: number; readonly outcome: Outcome }
  | { readonly kind: 'operate'; readonly pick: number; readonly operation: TaskOperation }
  | { readonly kind: 'office' }
  | { readonly kind: 'record'; readonly key: string; readonly slip: number };

const IDS = ['a', 'b', 'c', 'd'] as const;
const SPECS = ['s', 'u'] as const;
const TASKS = SPECS.flatMap((spec) => IDS.map((id) => `${spec}/${id}`));

const sketch = fc.record({
  needs: fc.array(fc.constantFrom(...IDS, 's/a', 's/b', 'u/c'), { maxLength: 2 }),
  optional: fc.boolean(),
  group: fc.constantFrom(false, false, true),
  priority: fc.nat(1),
});
const set = fc
  .record({
    name: fc.constantFrom(...SPECS),
    tasks: fc.uniqueArray(fc.tuple(fc.constantFrom(...IDS), sketch), { selector: ([id]) => id }),
    weight: fc.constantFrom(1, 2),
    done: fc.subarray([...IDS].map(taskId), { maxLength: 2 }),
  })
  .map(({ name, tasks, weight, done }) => taskSet(name, Object.fromEntries(tasks), { weight, done }));

const pick = fc.nat(TASKS.length - 1);
// Mostly the right number, so that sequences get somewhere; at times a stale one.
const slip = fc.constantFrom(0, 0, 0, 0, 0, -1, 1);
const parked: Outcome = { kind: 'parked', need: 'review', reason: 'look' };
const throttled: Outcome = { kind: 'throttled', reason: 'slow down', retryAfterMs: 7 };
const failures = [failed, failedForGood, cancelled, interrupted, parked, throttled] as const;
const outcome = fc.constantFrom<Outcome>(succeeded, succeeded, succeeded, ...failures);

const mode = fc.constantFrom<ChangedDone>('refuse', 'redo', 'redo', 'keep');

const wish = fc.oneof(
  fc.record({ kind: fc.constant('setPriority' as const), priority: fc.nat(3) }),
  fc.record({ kind: fc.constantFrom('cancel', 'retry', 'retry', 'skip'), reason: fc.constantFrom(null, 'why not') }),
  fc.record({ kind: fc.constant('dropDependency' as const), dependency: fc.constantFrom(...TASKS.map(key)) }),
);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('operate'), pick, operation: wish }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('submit'), set, mode, fresh: fc.constant(false) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('submit'), set, mode, fresh: fc.constant(true) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('claim'), pick, slip }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('launch', 'adopt'), pick, slip }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('settle'), pick, slip, outcome }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('office') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('record'), key: fc.constantFrom('k', 'l'), slip: fc.nat(1) }) },
);

/** A task in this state if there is any, else one that may not even exist. */
const picked = async (desk: Desk, state: TaskState, nth: number): Promise<string> => {
  const { tasks } = await desk.tasks({ states: [state] });
  return tasks[nth % Math.max(1, tasks.length)]?.key ?? TASKS[nth] ?? 's/none';
};

const starts = async (desk: Desk, name: string): Promise<number> => {
  const found = await ask<{ view: TaskView }>((reply) => desk.registry.task(key(name), reply));
  return found.ok ? found.value.view.attempts : 0;
};

const carryOut = async (desk: Desk, each: Operation): Promise<unknown> => {
  desk.now += 1;
  switch (each.kind) {
    case 'submit':
      return desk.trySubmit(each.set, each.mode, each.fresh);
    case 'claim': {
      const name = await picked(desk, 'ready', each.pick);
      return desk.tryClaim(name, (await starts(desk, name)) + each.slip);
    }
    case 'launch':
    case 'adopt': {
      const name = await picked(desk, 'running', each.pick);
      return desk.tryLaunch(name, (await starts(desk, name)) + each.slip, each.kind === 'adopt');
    }
    case 'settle': {
      const name = await picked(desk, 'running', each.pick);
      return desk.trySettle(name, (await starts(desk, name)) + each.slip, each.outcome);
    }
    case 'operate':
      return desk.tryOperate(TASKS[each.pick] ?? 's/none', each.operation);
    case 'office':
      return desk.takeOffice();
    case 'record': {
      const events = [{ key: each.key, event: event('PoolTripped', desk.now, 'dispatcher') }];
      return ask<number>((reply) => desk.registry.record({ epoch: desk.epoch - each.slip, events }, reply));
    }
  }
};

const openAttempts = (desk: Desk): Promise<readonly OpenAttempt[]> =>
  must(ask((reply) => desk.registry.openAttempts(reply)));

/** Everything that can be seen of a registry, and what there was to be told since the last look. */
const observed = async (desk: Desk, cursor: number | null) => {
  const { tasks } = await desk.tasks();
  const details = await Promise.all(tasks.map((view) => desk.detail(view.key)));
  const some = await desk.tasks({ states: ['blocked', 'running', 'failed'], limit: 3 });
  return {
    tasks,
    details,
    some,
    counts: await desk.counts(),
    countsOfS: await desk.counts('s'),
    open: await openAttempts(desk),
    changes: await desk.changes(cursor, 3),
    events: await desk.events(),
  };
};

type Observed = Awaited<ReturnType<typeof observed>>;

const memory = (): Desk => new Desk(openMemoryRegistry({ id: registryId('6f1d2c3b-0000-4000-8000-000000000000') }));

const sqlite = (): Desk => {
  const store = SqliteStore.openForWriting({ path: ':memory:', synchronous: 'normal', busyTimeoutMs: 0 });
  assert.ok(store.ok);
  return new Desk(new TransportedRegistry(store.value.id, directTransport(store.value, 'write', () => {})));
};

/** Who follows the feed, page by page, and so should know exactly what is ready. */
class Follower {
  readonly ready = new Map<TaskKey, number>();
  #cursor: number | null = null;

  /** A dispatcher knows of its own claims without the feed. */
  claimed(names: readonly TaskKey[]): void {
    for (const name of names) this.ready.delete(name);
  }

  startAgain(): void {
    this.#cursor = null;
    this.ready.clear();
  }

  async catchUp(desk: Desk, pages: number): Promise<void> {
    for (let page = 0; page < pages; page += 1) {
      const batch = await desk.changes(this.#cursor, 2);
      this.#cursor = batch.cursor;
      for (const each of batch.ready) this.ready.set(each.key, each.priority);
      for (const gone of batch.gone) this.ready.delete(gone);
      if (!batch.more) return;
    }
  }
}

const isSatisfied = (state: TaskState | 'missing', optional: boolean): boolean =>
  state === 'done' || state === 'skipped' || (state === 'failed' && optional);

/** What holds after any sequence of operations. */
const auditStates = (tasks: readonly TaskView[]): void => {
  const optional = new Set(tasks.filter((view) => view.optional).map((view) => view.key));
  for (const view of tasks) {
    const open = view.dependencies.filter((each) => !isSatisfied(each.state, optional.has(each.key)));
    if (view.state === 'ready') assert.deepEqual(open, [], `${view.key} is ready`);
    if (view.state === 'blocked') assert.notDeepEqual(open, [], `${view.key} is blocked`);
    if (view.state === 'blocked') assert.match(view.reason ?? '', /^(waits for|blocked by) /);
  }
};

describe('Task Registry, any sequence of operations', () => {
  it('gives the same answers and the same state in memory and in SQLite', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 50, size: 'max' }), async (operations) => {
        const [one, other] = [memory(), sqlite()];
        let cursor: number | null = null;
        for (const each of operations) {
          assert.deepEqual(await carryOut(other, each), await carryOut(one, each));
          const expected: Observed = await observed(one, cursor);
          assert.deepEqual(await observed(other, cursor), expected);
          cursor = expected.changes.cursor;
        }
        await other.close();
      }),
      { numRuns: 100 },
    );
  });

  it('keeps states, counts, attempts, numbers and the feed true to each other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(operation, fc.nat(3)), { maxLength: 80, size: 'max' }), async (operations) => {
        const desk = memory();
        const follower = new Follower();
        for (const [each, pages] of operations) {
          const answer = await carryOut(desk, each);
          if (each.kind === 'office') follower.startAgain();
          if (each.kind === 'claim') follower.claimed((await openAttempts(desk)).map((open) => open.key));
          assert.notEqual(answer, undefined);
          await follower.catchUp(desk, pages);
        }
        await follower.catchUp(desk, 1_000);
        const { tasks } = await desk.tasks();
        auditStates(tasks);
        for (const view of tasks) {
          if (!(await desk.detail(view.key)).definition.group) continue;
          assert.ok(!['ready', 'running', 'failed', 'parked'].includes(view.state), `the group ${view.key} is ${view.state}`);
        }
        const inState = (state: TaskState): readonly TaskView[] => tasks.filter((view) => view.state === state);
        const ready = inState('ready').map((view) => [view.key, view.priority] as const);
        assert.deepEqual(follower.ready, new Map(ready));
        assert.deepEqual(new Set((await desk.ready()).map((each) => each.key)), new Set(ready.map(([name]) => name)));
        const open = (await openAttempts(desk)).map((each) => each.key);
        assert.deepEqual(open, inState('running').map((view) => view.key));
        for (const [state, count] of Object.entries(await desk.counts())) {
          assert.equal(count, tasks.filter((view) => view.state === state).length, state);
        }
        const events = await desk.events();
        assert.deepEqual(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
      }),
      { numRuns: 400 },
    );
  });
});
