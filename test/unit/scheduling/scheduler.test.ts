import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { poolName, runnerId } from '../../../src/domain/ids.ts';
import type { DispatcherSettings, PoolSettings } from '../../../src/domain/settings.ts';
import type { ReadyTask } from '../../../src/domain/task.ts';
import { Scheduler } from '../../../src/scheduling/scheduler.ts';
import { LOCAL, poolSettings, readyTask, REGISTRY, settings } from '../../model/samples.ts';

const WALL = 1_000_000;
const BIG = poolName('big');

const scheduler = (
  rest: Partial<DispatcherSettings> = {},
  pools: readonly PoolSettings[] = [poolSettings({ maxConcurrency: 1 })],
): Scheduler => new Scheduler(settings(rest), pools, REGISTRY);

const add = (to: Scheduler, ...tasks: readonly ReadyTask[]): void => tasks.forEach((task) => to.add(task, WALL, 0));
const names = (of: Scheduler): readonly string[] => of.plan().map(({ task }) => task.key.slice(4));
const finish = (of: Scheduler, task: ReadyTask, claimed = true): void =>
  of.release(task.key, of.runnerOf(task.key)?.runnerId ?? runnerId('none'), claimed);

describe('a plan', () => {
  it('takes higher priority first, then first come', () => {
    const of = scheduler({}, [poolSettings({ maxConcurrency: 3 })]);
    add(of, readyTask('c', { position: 3 }), readyTask('a', { position: 1 }), readyTask('b', { position: 2, priority: 5 }));
    assert.deepEqual(names(of), ['b', 'a', 'c']);
  });

  it('fifo: priority means nothing', () => {
    const of = scheduler({ schedulingPolicy: 'fifo' }, [poolSettings({ maxConcurrency: 3 })]);
    add(of, readyTask('b', { position: 2, priority: 5 }), readyTask('a', { position: 1 }));
    assert.deepEqual(names(of), ['a', 'b']);
  });

  it('a change of priority takes effect in the next plan, also of what was set aside', () => {
    const of = scheduler();
    const [a, b, c] = [readyTask('a', { position: 1 }), readyTask('b', { position: 2 }), readyTask('c', { position: 3 })];
    add(of, a, b, c);
    assert.deepEqual(names(of), ['a']);
    add(of, { ...c, priority: 9 });
    finish(of, a);
    assert.deepEqual(names(of), ['c']);
  });

  it('books what it decides, with the next attempt in the runner id', () => {
    const of = scheduler();
    add(of, readyTask('a', { fence: 2 }));
    const [assignment] = of.plan();
    assert.equal(assignment?.runnerId, 'a1b2c3d4-app-a-3');
    assert.equal(of.ledger.use(LOCAL).running, 1);
    assert.deepEqual(of.plan(), []);
  });

  it('balances by load among the pools of a skill, in the order of preference', () => {
    const pools = [poolSettings({ maxConcurrency: 2 }), poolSettings({ name: BIG, maxConcurrency: 4 })];
    const of = scheduler({ skillMapping: new Map([['web', [LOCAL, BIG]]]) }, pools);
    add(of, ...[1, 2, 3, 4, 5, 6].map((n) => readyTask(`t${n}`, { requiredSkill: 'web', position: n })));
    assert.deepEqual(of.plan().map(({ pool }) => pool), [LOCAL, BIG, BIG, LOCAL, BIG, BIG]);
  });

  it('a task that cannot be placed never stands before one that can', () => {
    const of = scheduler({ skillMapping: new Map([['web', [BIG]]]) }, [
      poolSettings({ maxConcurrency: 2 }),
      poolSettings({ name: BIG, enabled: false }),
    ]);
    add(of, readyTask('stuck', { requiredSkill: 'web', priority: 99 }), readyTask('a'));
    assert.deepEqual(names(of), ['a']);
    of.setPoolState(BIG, 'enabled', true);
    assert.deepEqual(names(of), ['stuck']);
  });

  it('counts adopted runners, and does not start their tasks again', () => {
    const of = scheduler();
    of.adopt(readyTask('left'), LOCAL, runnerId('left'));
    add(of, readyTask('a'));
    assert.deepEqual(names(of), []);
    of.release(readyTask('left').key, runnerId('left'), true);
    assert.deepEqual(names(of), ['a']);
  });

  it('uses room that a resize made', () => {
    const of = scheduler();
    add(of, readyTask('a'), readyTask('b', { position: 2 }));
    assert.deepEqual(names(of), ['a']);
    of.resizePool(LOCAL, 2);
    assert.deepEqual(names(of), ['b']);
  });
});

describe('what is told of a task while it runs', () => {
  const task = readyTask('a');

  it('counts once its runner is settled: the retry is not lost', () => {
    const of = scheduler();
    add(of, task);
    of.plan();
    add(of, { ...task, fence: 1 });
    assert.deepEqual(names(of), [], 'it still runs');
    finish(of, task);
    assert.deepEqual(of.plan().map((next) => next.runnerId), ['a1b2c3d4-app-a-2']);
  });

  it('waits for its back-off all the same', () => {
    const of = scheduler();
    add(of, task);
    of.plan();
    add(of, { ...task, fence: 1, readyAt: WALL, notBefore: WALL + 500 });
    finish(of, task);
    assert.deepEqual([of.delayed, of.nextDelayedDue()], [1, 500]);
  });

  it('from before the claim is spent with it', () => {
    const of = scheduler();
    add(of, task);
    of.plan();
    add(of, { ...task, priority: 7 });
    finish(of, task, true);
    assert.equal(of.waiting, 0);
  });

  it('and was never claimed: the newer word stays, and is not replaced by the old one', () => {
    const of = scheduler();
    add(of, task);
    of.plan();
    add(of, { ...task, priority: 7 });
    finish(of, task, false);
    of.takeBack(task, 1000);
    assert.equal(of.delayed, 0);
    assert.deepEqual(of.plan().map((next) => next.task.priority), [7]);
  });

  it('is forgotten when it is gone again', () => {
    const of = scheduler();
    add(of, task);
    of.plan();
    add(of, { ...task, fence: 1 });
    of.drop(task.key);
    finish(of, task);
    assert.equal(of.waiting, 0);
  });

  it('an end of another runner ends nothing', () => {
    const of = scheduler();
    add(of, task);
    of.plan();
    of.release(task.key, runnerId('stranger'), true);
    assert.ok(of.runnerOf(task.key));
    assert.equal(of.ledger.running, 1);
  });
});

describe('back-off', () => {
  it('holds a task until its wall time, measured on the monotonic clock', () => {
    const of = scheduler();
    of.add(readyTask('a', { readyAt: WALL, notBefore: WALL + 300 }), WALL, 50);
    assert.deepEqual([of.nextDelayedDue(), of.waiting], [350, 0]);
    of.wakeDelayed(349);
    assert.deepEqual(names(of), []);
    of.wakeDelayed(350);
    assert.deepEqual(names(of), ['a']);
  });

  it('is never longer than it was, though the wall clock was set back by an hour since', () => {
    const of = scheduler();
    of.add(readyTask('a', { readyAt: WALL, notBefore: WALL + 300 }), WALL - 3_600_000, 50);
    assert.equal(of.nextDelayedDue(), 350);
  });

  it('a task taken back waits, or does not', () => {
    const of = scheduler({}, [poolSettings()]);
    of.takeBack(readyTask('a'), null);
    of.takeBack(readyTask('b', { position: 2 }), 10);
    assert.deepEqual(names(of), ['a']);
    of.wakeDelayed(10);
    assert.deepEqual(names(of), ['b']);
  });
});

describe('what can never be placed', () => {
  const told = (of: Scheduler): readonly string[] => {
    of.plan();
    return of.takeUnplaceable().map(({ reason }) => reason);
  };

  it('is told once for all alike, with the reason', () => {
    const of = scheduler({ strictSkills: true });
    add(of, readyTask('a', { requiredSkill: 'cobol' }), readyTask('b', { requiredSkill: 'cobol', cpu: 2 }));
    assert.deepEqual(told(of), ['no pool for the skill "cobol"']);
    of.setPoolState(LOCAL, 'enabled', true);
    assert.deepEqual(told(of), []);
  });

  it('because it is larger than any pool, or all that could take it are disabled', () => {
    const small = scheduler({}, [poolSettings({ cpuQuota: 1 })]);
    add(small, readyTask('a', { cpu: 2 }));
    assert.deepEqual(told(small), ['larger than the quota of every pool that could take it (local)']);
    const off = scheduler({}, [poolSettings({ enabled: false })]);
    add(off, readyTask('a'));
    assert.deepEqual(told(off), ['every pool that could take it is disabled (local)']);
  });

  it('does not keep the dispatcher from being idle; everything else does', () => {
    const of = scheduler({ strictSkills: true });
    assert.ok(of.isIdle);
    add(of, readyTask('a', { requiredSkill: 'cobol' }));
    of.plan();
    assert.ok(of.isIdle);
    add(of, readyTask('b', { notBefore: WALL + 1 }));
    assert.ok(!of.isIdle, 'one backs off');
    of.wakeDelayed(1);
    assert.ok(!of.isIdle, 'one waits');
    of.plan();
    assert.ok(!of.isIdle, 'one runs');
    add(of, readyTask('c'));
    of.plan();
    finish(of, readyTask('b'));
    assert.ok(!of.isIdle, 'one was set aside and could run now');
    of.setPoolState(LOCAL, 'tripped', false);
    of.plan();
    assert.ok(!of.isIdle, 'its pool comes back by itself');
    of.setPoolState(LOCAL, 'disabled', false);
    of.plan();
    assert.ok(of.isIdle, 'its pool comes back only if a person says so');
  });
});
