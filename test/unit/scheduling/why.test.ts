import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OpenDependency } from '../../../src/domain/open-dependency.ts';
import { poolName, runnerId, taskId } from '../../../src/domain/ids.ts';
import type { DispatcherSettings, PoolSettings } from '../../../src/domain/settings.ts';
import type { ReadyTask, TaskView } from '../../../src/domain/task.ts';
import { Scheduler } from '../../../src/scheduling/scheduler.ts';
import { why, type Why, type WhyQuestion } from '../../../src/scheduling/why.ts';
import { LOCAL, poolSettings, readyTask, REGISTRY, settings } from '../../model/samples.ts';

const NOW = 1_000_000;
const key = (id: string) => readyTask(id).key;

const view = (task: ReadyTask, rest: Partial<TaskView> = {}): TaskView => ({
  key: task.key,
  spec: task.spec,
  id: taskId('a'),
  title: 'A',
  state: 'ready',
  priority: 0,
  attempts: task.fence,
  pool: null,
  runnerId: null,
  slotId: null,
  reason: null,
  notBefore: task.notBefore,
  optional: false,
  requiredSkill: task.requiredSkill,
  dependencies: [],
  ...rest,
});

interface World {
  readonly settings?: Partial<DispatcherSettings>;
  readonly pools?: readonly PoolSettings[];
  /** Tasks that run already. */
  readonly running?: readonly ReadyTask[];
}

const schedulerOf = ({ settings: rest = {}, pools = [poolSettings()], running = [] }: World): Scheduler => {
  const scheduler = new Scheduler(settings(rest), pools, REGISTRY);
  for (const task of running) scheduler.adopt(task, pools[0]?.name ?? LOCAL, runnerId(`r-${task.key}`));
  return scheduler;
};

/** Asks a scheduler that has taken the task in and planned. */
const ask = (task: ReadyTask, world: World, rest: Partial<WhyQuestion> = {}): Why => {
  const scheduler = schedulerOf(world);
  scheduler.add(task, NOW, 0);
  scheduler.plan();
  return why({ task: view(task), waitsFor: [], ready: task, scheduler, dispatcher: 'running', wall: NOW, monotonic: 0, ...rest });
};

const ofState = (state: TaskView['state'], reason: string | null, waitsFor: readonly OpenDependency[] = []): Why => {
  const task = readyTask('a');
  const shown = view(task, { state, reason, pool: LOCAL, attempts: 2 });
  return why({ task: shown, waitsFor, ready: task, scheduler: schedulerOf({}), dispatcher: 'running', wall: NOW, monotonic: 0 });
};

const told = ({ code, text }: Why): string => `${code}: ${text}`;

describe('why a task is blocked', () => {
  it('names what it waits for, which may still come', () => {
    const waitsFor = [{ key: key('b'), state: 'running', never: null }] as const;
    const answer = ofState('blocked', 'waits for app/b', waitsFor);
    assert.equal(told(answer), 'dependencies: waits for app/b');
    assert.deepEqual(answer.dependencies, waitsFor);
  });

  it('names what never will be, the way there, and the mend', () => {
    const never = (cause: NonNullable<OpenDependency['never']>['cause'], ...path: readonly string[]): OpenDependency => ({
      key: key(path[0] ?? ''),
      state: 'blocked',
      never: { path: path.map(key), cause },
    });
    const cases = [
      [never('failed', 'b', 'c', 'd'), 'blocked by app/d, which failed (by way of app/b, app/c); retry it or skip it'],
      [never('cancelled', 'b'), 'blocked by app/b, which was cancelled; retry it or skip it'],
      [never('missing', 'b'), 'blocked by app/b, which does not exist; submit it, or drop the dependency'],
      [never('cycle', 'b'), 'blocked by app/b, which waits for itself; drop a dependency in that circle'],
    ] as const;
    const hopeful = { key: key('x'), state: 'ready', never: null } as const;
    for (const [one, text] of cases) {
      const answer = ofState('blocked', 'waits', [hopeful, one]);
      assert.equal(told(answer), `dependencies_never: ${text}`);
      assert.equal(answer.dependencies.length, 2);
    }
    const many = Array.from({ length: 6 }, (_, n) => never('failed', `t${n}`));
    assert.match(ofState('blocked', null, many).text, /app\/t3, which failed; .*; and 2 more$/);
    // Farther away than was looked: the registry has found the cause all the same.
    assert.equal(told(ofState('blocked', 'blocked by app/z, which failed', [hopeful])), 'dependencies_never: blocked by app/z, which failed');
  });
});

describe('why a ready task waits', () => {
  const running = [readyTask('r1', { position: 1 })];

  it('for room in the dispatcher as a whole', () => {
    const global = ask(readyTask('a'), { settings: { maxGlobalConcurrency: 1 }, running });
    assert.equal(told(global), 'global_concurrency: 1 of 1 run (max_global_concurrency)');
    assert.deepEqual(global.shortages, [{ code: 'global_concurrency', limit: 1, used: 1 }]);
    const slots = ask(readyTask('a'), { settings: { slots: 1 }, running });
    assert.equal(told(slots), 'slots: 1 of 1 slots are lent (repo_pool.slots)');
  });

  it('for its set, or its concurrency key', () => {
    const ofSet = ask(readyTask('a', { specMaxConcurrency: 1 }), { running });
    assert.equal(told(ofSet), 'spec_concurrency: 1 of 1 of its set run (max_concurrency of the set)');
    const ofKey = ask(readyTask('a', { concurrencyKey: 'db' }), { running: [readyTask('r', { concurrencyKey: 'db' })] });
    assert.equal(told(ofKey), 'concurrency_key: 1 of 1 with the concurrency key "db" run');
  });

  it('for a pool: concurrency, CPU and memory, each with what is used and needed', () => {
    const pool = poolSettings({ maxConcurrency: 1, cpuQuota: 2, memoryQuota: 1000, defaultResources: { cpu: 1.5, memory: 600 } });
    const answer = ask(readyTask('a'), { pools: [pool], running });
    assert.equal(
      told(answer),
      'pool_concurrency: pool local runs 1 of 1 (max_concurrency); ' +
        'pool local lacks CPU: 1.5 of 2 cores are reserved, 1.5 needed; ' +
        'pool local lacks memory: 600 of 1000 MB are reserved, 600 needed',
    );
    assert.deepEqual(answer.shortages.map(({ code }) => code), ['pool_concurrency', 'pool_cpu', 'pool_memory']);
  });

  it('for a pool that is tripped, with what tripped it; one of two pools open is enough', () => {
    const other = poolName('other');
    const pools = [poolSettings(), poolSettings({ name: other })];
    const scheduler = schedulerOf({ settings: { defaultPools: [LOCAL, other] }, pools });
    const task = readyTask('a');
    const question = { task: view(task), waitsFor: [], ready: task, scheduler, dispatcher: 'running', wall: NOW, monotonic: 0 } as const;
    scheduler.setPoolState(LOCAL, 'tripped', false, '5 launches in a row failed: no such image');
    assert.equal(told(why(question)), 'queued: is ready, and starts in a moment');
    scheduler.setPoolState(other, 'draining', false);
    const answer = why(question);
    assert.equal(told(answer), 'pool_not_accepting: pool local is tripped (5 launches in a row failed: no such image); pool other is draining');
  });

  it('for ever: no pool has the skill, all are too small, all are disabled', () => {
    const skilled = readyTask('a', { requiredSkill: 'juggling' });
    assert.equal(told(ask(skilled, { settings: { strictSkills: true } })), 'no_pool_for_skill: no pool for the skill "juggling"');
    const large = ask(readyTask('a', { cpu: 9 }), { pools: [poolSettings({ cpuQuota: 8 })] });
    assert.equal(told(large), 'unplaceable: larger than the quota of every pool that could take it (local)');
    assert.deepEqual(large.shortages, [{ code: 'pool_cpu', pool: LOCAL, limit: 8, used: 0, needed: 9 }]);
    const shut = ask(readyTask('a'), { pools: [poolSettings({ enabled: false })] }, { dispatcher: 'none' });
    assert.equal(told(shut), 'pools_disabled: every pool that could take it is disabled (local)');
  });

  it('until its back-off is over, or its start is tried again', () => {
    const task = readyTask('a', { readyAt: NOW, notBefore: NOW + 60_000, fence: 1 });
    const shown = view(task, { reason: 'exit code 1' });
    const backing = ask(task, {}, { task: shown });
    assert.deepEqual([backing.until, told(backing)], [NOW + 60_000, 'backing_off: tried again in 1m, after: exit code 1']);
    const scheduler = schedulerOf({});
    const refused = readyTask('b');
    scheduler.takeBack(refused, 500);
    const again = why({ task: view(refused), waitsFor: [], ready: refused, scheduler, dispatcher: 'running', wall: NOW, monotonic: 100 });
    assert.deepEqual([again.code, again.until], ['backing_off', NOW + 400]);
    assert.match(again.text, /its last start did not get through$/);
  });

  it('because no dispatcher runs, or one that only begins, or one that ends', () => {
    const task = readyTask('a');
    const world = { running: [], settings: {} };
    const scheduler = schedulerOf(world);
    const at = (dispatcher: WhyQuestion['dispatcher']): string =>
      told(why({ task: view(task), waitsFor: [], ready: task, scheduler, dispatcher, wall: NOW, monotonic: 0 }));
    assert.equal(at('none'), 'no_dispatcher: is ready, but no dispatcher runs; start one with: dispatcher start');
    assert.match(at('starting'), /^dispatcher_starting: /);
    assert.match(at('ending'), /^dispatcher_ending: .*starts nothing more$/);
  });

  it('not at all: it is being started', () => {
    assert.match(told(ask(readyTask('a'), {})), /^starting: is being started on pool local as a1b2c3d4-app-a-1$/);
  });
});

describe('what is told of a task that does not wait', () => {
  it('is its state and the reason', () => {
    assert.equal(told(ofState('running', null)), 'running: runs on pool local (attempt 2)');
    assert.equal(told(ofState('running', 'being stopped: x')), 'running: runs on pool local (attempt 2), being stopped: x');
    assert.equal(told(ofState('parked', 'needs_input: which one?')), 'needs_input: waits for a person: needs_input: which one?');
    assert.equal(told(ofState('parked', 'needs_review: look')), 'needs_review: waits for a person: needs_review: look');
    assert.equal(told(ofState('failed', 'exit code 1')), 'failed: failed: exit code 1; try again with: dispatcher task retry app/a');
    assert.equal(told(ofState('cancelled', 'cancelled by cli:ann')), 'cancelled: cancelled by cli:ann');
    assert.equal(told(ofState('skipped', 'skipped by api')), 'skipped: skipped by api');
    assert.equal(told(ofState('done', null)), 'done: is done');
  });
});
