import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { specName, taskId, taskKey, type TaskKey } from '../../src/domain/ids.ts';
import type { TaskDefinition, TaskSet } from '../../src/domain/task.ts';
import type { TaskDetail } from '../../src/ports/task-registry.ts';
import { DispatcherWorld, type Incarnation } from './dispatcher-world.ts';
import { definition } from '../definition.ts';
import { LOCAL, poolSettings } from './samples.ts';
import type { AttemptScript } from './scripted-engine.ts';
import { failOnWarnings } from './watch-warnings.ts';

const SPEC = specName('app');
const key = (n: number): TaskKey => taskKey(SPEC, taskId(`t${n}`));
const SIZE = 200;
const LIMITS = { maxGlobalConcurrency: 7, slots: 7 };

failOnWarnings();

const taskSet = (tasks: readonly TaskDefinition[]): TaskSet => ({
  name: SPEC,
  repo: null,
  weight: 1,
  maxConcurrency: null,
  done: [],
  tasks,
});

/** A plain number from words, so that each attempt has a fate of its own in every run. */
const fate = (...words: readonly (string | number)[]): number => {
  let hash = 17;
  for (const char of words.join('|')) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) >>> 0;
  return (Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0) % 1000;
};

const FINE: AttemptScript = { launchFailures: [], runMs: 1000, exitCode: 0, result: null, ignoresTerm: false };
const TIMEOUT_MS = 20_000;

/** Failures, launch failures, time-outs and calm, by luck. */
const script =
  (seed: number) =>
  (task: TaskKey, attempt: number): AttemptScript => {
    const luck = fate(seed, task, attempt);
    const runMs = 1 + fate(seed, task, attempt, 'ms') * 10;
    if (luck < 100) return { ...FINE, runMs, exitCode: 1 };
    if (luck < 130) return { ...FINE, runMs, exitCode: 78 };
    if (luck < 180) return { ...FINE, runMs: 10 * TIMEOUT_MS, ignoresTerm: luck < 150 };
    if (luck < 220) return { ...FINE, runMs, launchFailures: ['transient'] };
    if (luck < 240) return { ...FINE, runMs, launchFailures: ['transient', 'transient', 'transient'] };
    if (luck < 250) return { ...FINE, runMs, launchFailures: ['permanent'] };
    if (luck < 270) return { ...FINE, runMs, result: '{"status":"rate_limited","retry_after":5}' };
    return { ...FINE, runMs };
  };

/** Each task depends on up to three earlier ones. */
const randomTasks = (seed: number): readonly TaskDefinition[] =>
  Array.from({ length: SIZE }, (_, n) => {
    const count = n === 0 ? 0 : fate(seed, n, 'deps') % 4;
    const dependencies = [...new Set(Array.from({ length: count }, (__, i) => key(fate(seed, n, i) % n)))];
    return definition(`t${n}`, { dependencies, priority: fate(seed, n, 'priority') % 3, timeoutMs: TIMEOUT_MS });
  });

const contiguous = (world: DispatcherWorld): void => {
  const seqs = world.events().map(({ seq }) => seq);
  assert.deepEqual(seqs, seqs.map((_, i) => i + 1));
};

const nothingHeld = (world: DispatcherWorld, life: Incarnation): void => {
  const { ledger } = life.actor.getSnapshot().context.scheduler;
  assert.equal(ledger.running, 0);
  assert.deepEqual(ledger.use(LOCAL), { running: 0, cpu: 0, memory: 0 });
  assert.equal(life.ports.repoPool.held().size, 0);
  assert.deepEqual(world.engine.alive, []);
};

/** What must be true of the tasks once nothing is left to do, by the script alone. */
const allEndedAsScripted = (world: DispatcherWorld, tasks: readonly TaskDefinition[]): void => {
  const views = world.tasks();
  for (const { id, dependencies } of tasks) {
    const view = views.get(taskKey(SPEC, id));
    assert.ok(view);
    const allDone = dependencies.every((on) => views.get(on)?.state === 'done');
    if (allDone) assert.match(view.state, /^(done|failed)$/, `${id} could run`);
    else assert.deepEqual([view.state, view.attempts], ['blocked', 0], `${id} could not run`);
  }
  const counted = new Map<string, number>();
  for (const { type, taskId: id, details } of world.events()) {
    const uses = type === 'RunnerFailed' && details['outcome'] !== 'throttled';
    if (id !== null && (uses || type === 'RunnerTimedOut')) counted.set(id, (counted.get(id) ?? 0) + 1);
  }
  for (const count of counted.values()) assert.ok(count <= 3, 'attempts within the maximum');
};

const RUNS = { numRuns: 10 };

describe('the whole dispatcher in memory', () => {
  it('200 tasks in a random graph, with failures, retries and time-outs: all end as they must', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const world = new DispatcherWorld(script(seed));
        const tasks = randomTasks(seed);
        world.submit(taskSet(tasks));
        const pool = poolSettings({ maxConcurrency: 100, breaker: { failures: 4, cooldownMs: 3000, healthIntervalMs: null } });
        const life = world.live({ settings: LIMITS, pools: [pool], untilIdle: true });
        world.runToEnd(life);
        assert.equal(life.actor.getSnapshot().output?.failure, null);
        assert.equal(world.engine.mostAlive, LIMITS.slots, 'the limit is used, and kept');
        nothingHeld(world, life);
        allEndedAsScripted(world, tasks);
        contiguous(world);
        const events = world.events();
        assert.equal(events.at(-1)?.type, 'DispatcherStopped');
        const assigned = events.filter(({ type }) => type === 'TaskAssigned').length;
        const neverStarted = events.filter(({ details }) => details['outcome'] === 'launchFailed').length;
        assert.equal(assigned, world.engine.started.length + neverStarted);
      }),
      RUNS,
    );
  });

  it('a shutdown in the middle returns tasks without using up an attempt; the next start does the rest', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 50, max: 3000 }), fc.integer({ min: 1, max: 3 }), (seed, steps, signals) => {
        const world = new DispatcherWorld(script(seed));
        const tasks = randomTasks(seed);
        world.submit(taskSet(tasks));
        const settings = { ...LIMITS, shutdown: { timeoutMs: 2000, onShutdown: 'stop' as const }, stopGraceMs: 1000 };
        const first = world.live({ settings });
        world.runSteps(steps);
        for (let i = 0; i < signals; i += 1) first.actor.send({ type: 'shutdown.request', reason: 'SIGTERM' });
        const started = world.engine.started.length;
        world.runToEnd(first);
        assert.ok(world.engine.started.length - started <= LIMITS.slots, 'starts nothing more but what was on its way');
        assert.equal(first.actor.getSnapshot().output?.failure, null);
        nothingHeld(world, first);
        const running = [...world.tasks().values()].filter(({ state }) => state === 'running');
        assert.deepEqual(running, []);
        const second = world.live({ settings, untilIdle: true });
        world.runToEnd(second);
        nothingHeld(world, second);
        allEndedAsScripted(world, tasks);
        contiguous(world);
      }),
      RUNS,
    );
  });

  it('a task that is stopped by a second request goes back whole', () => {
    const world = new DispatcherWorld(() => ({ ...FINE, runMs: 60_000, ignoresTerm: true }));
    world.submit(taskSet([definition('t0', { retry: { maxAttempts: 1 } })]));
    const life = world.live();
    world.runUntil(() => world.engine.alive.length === 1, 'it to run');
    life.actor.send({ type: 'shutdown.request', reason: 'SIGTERM' });
    life.actor.send({ type: 'shutdown.request', reason: 'SIGTERM' });
    world.runToEnd(life);
    const detail = world.ask<TaskDetail>((registry, reply) => registry.task(key(0), reply));
    assert.equal(detail.view.state, 'ready');
    assert.deepEqual(detail.attempts.map(({ end, counted }) => [end, counted]), [['cancelled', false]]);
    nothingHeld(world, life);
  });

  it('what was left running is adopted by the next start, and nothing runs twice', () => {
    const world = new DispatcherWorld(() => ({ ...FINE, runMs: 60_000 }));
    world.submit(taskSet(Array.from({ length: 10 }, (_, n) => definition(`t${n}`))));
    const settings = { ...LIMITS, shutdown: { timeoutMs: 2000, onShutdown: 'leave' as const } };
    const first = world.live({ settings });
    world.runUntil(() => world.engine.alive.length === LIMITS.slots, 'all slots to be used');
    const recorded = (): number => world.events().filter(({ type }) => type === 'RunnerStarted').length;
    world.runUntil(() => recorded() === LIMITS.slots, 'all launches to be recorded');
    first.actor.send({ type: 'shutdown.request', reason: 'SIGTERM' });
    world.runToEnd(first);
    first.kill();
    assert.equal(world.engine.alive.length, LIMITS.slots);
    const second = world.live({ settings, untilIdle: true });
    world.runToEnd(second);
    const views = [...world.tasks().values()];
    assert.deepEqual(views.map(({ state, attempts }) => `${state} ${attempts}`), Array(10).fill('done 1'));
    assert.equal(world.engine.started.length, 10);
    assert.equal(world.events().filter(({ type }) => type === 'RunnerAdopted').length, LIMITS.slots);
    nothingHeld(world, second);
    contiguous(world);
  });

  it('killed at any step, again and again: nothing is lost, nothing runs twice', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.integer({ min: 1, max: 800 }), { minLength: 1, maxLength: 8 }), (seed, lives) => {
        const world = new DispatcherWorld(script(seed));
        const tasks = randomTasks(seed);
        world.submit(taskSet(tasks));
        for (const steps of lives) {
          const life = world.live({ settings: LIMITS });
          world.runSteps(steps);
          life.kill();
        }
        const last = world.live({ settings: LIMITS, untilIdle: true });
        world.runToEnd(last);
        assert.equal(last.actor.getSnapshot().output?.failure, null);
        nothingHeld(world, last);
        allEndedAsScripted(world, tasks);
        contiguous(world);
        assert.equal(new Set(world.engine.started).size, world.engine.started.length);
      }),
      RUNS,
    );
  });
});
