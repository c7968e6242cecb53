import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { poolName, specName } from '../../../src/domain/ids.ts';
import type { DispatcherSettings, PoolSettings } from '../../../src/domain/settings.ts';
import { Scheduler } from '../../../src/scheduling/scheduler.ts';
import type { SchedulingPolicy } from '../../../src/scheduling/scheduling-policy.ts';
import { shortageText } from '../../../src/scheduling/why-text.ts';
import { LOCAL, poolSettings, readyTask, REGISTRY, settings } from '../../model/samples.ts';

const GPU = poolName('gpu');
const BOTH = [poolSettings({ maxConcurrency: 2 }), poolSettings({ name: GPU, maxConcurrency: 2 })];
const HOUR = 3_600_000;

const scheduler = (rest: Partial<DispatcherSettings>, pools: readonly PoolSettings[] = [poolSettings()], policy?: SchedulingPolicy): Scheduler =>
  new Scheduler(settings(rest), pools, REGISTRY, policy);
const planned = (of: Scheduler): readonly string[] => of.plan().map(({ task, pool }) => `${task.key.slice(task.spec.length + 1)} on ${pool}`);

describe('ageing', () => {
  it('an hour makes up for one step of priority at 1/h, and no less', () => {
    const of = scheduler({ ageingPerMs: 1 / HOUR }, [poolSettings({ maxConcurrency: 1 })]);
    const old = readyTask('old', { position: 2, readyAt: 0 });
    of.add(old, 0, 0);
    of.add(readyTask('later', { position: 3, priority: 1, readyAt: HOUR + 1 }), 0, 0);
    of.add(readyTask('sooner', { position: 4, priority: 1, readyAt: HOUR - 1 }), 0, 0);
    assert.deepEqual(planned(of), ['sooner on local']);
    of.release(readyTask('sooner').key, of.runnerOf(readyTask('sooner').key)?.runnerId ?? ('' as never), true);
    assert.deepEqual(planned(of), ['old on local']);
  });
});

describe('skill-based', () => {
  const rows = { skillMapping: new Map([['gpu', [GPU]], ['any', [GPU, LOCAL]]]), defaultPools: [GPU, LOCAL] };

  it('leaves the pool with the rare skill to those who need it, and does not wait for the other', () => {
    const of = scheduler({ schedulingPolicy: 'skill-based', ...rows }, BOTH);
    for (const n of [1, 2, 3]) of.add(readyTask(`any${n}`, { requiredSkill: 'any', position: n }), 0, 0);
    assert.deepEqual(planned(of), ['any1 on local', 'any2 on local', 'any3 on gpu']);
  });

  it('by priority alone the first pool is as good', () => {
    const of = scheduler({ schedulingPolicy: 'priority', ...rows }, BOTH);
    of.add(readyTask('any', { requiredSkill: 'any' }), 0, 0);
    assert.deepEqual(planned(of), ['any on gpu']);
  });
});

describe('a policy of the user', () => {
  const newest: SchedulingPolicy = { name: 'newest', compare: (a, b) => b.position - a.position };
  const fill = (of: Scheduler): void => {
    for (const n of [1, 2, 3]) of.add(readyTask(`t${n}`, { position: n, priority: n === 2 ? 5 : 0 }), 0, 0);
  };

  it('says who goes first, and the usual order where it does not care', () => {
    const of = scheduler({ schedulingPolicy: 'custom' }, undefined, newest);
    fill(of);
    assert.deepEqual(planned(of), ['t3 on local', 't2 on local', 't1 on local']);
    const careless = scheduler({ schedulingPolicy: 'custom' }, undefined, { name: 'careless', compare: () => 0 });
    fill(careless);
    assert.deepEqual(planned(careless), ['t2 on local', 't1 on local', 't3 on local']);
  });

  it('chooses among the pools that could take the task', () => {
    const asked: string[] = [];
    const choosePool: SchedulingPolicy['choosePool'] = (task, pools) => {
      asked.push(`${task.key}: ${pools.map(({ name, load }) => `${name} ${load}`).join(', ')}`);
      return 'gpu';
    };
    const of = scheduler({ schedulingPolicy: 'custom', defaultPools: [LOCAL, GPU] }, BOTH, { ...newest, choosePool });
    fill(of);
    assert.deepEqual(planned(of), ['t3 on gpu', 't2 on gpu', 't1 on local']);
    assert.deepEqual(asked, ['app/t3: local 0, gpu 0', 'app/t2: local 0, gpu 0.5']);
  });

  const faulty: readonly (readonly [string, Partial<SchedulingPolicy>, RegExp])[] = [
    ['throws', { compare: () => { throw new Error('no idea\nat all'); } }, /"bad": compare threw no idea; tasks are taken by priority from now on; mend it and restart$/],
    ['gives no number', { compare: () => Number.NaN }, /compare gave NaN where a number was expected/],
    ['names a pool that was not offered', { choosePool: () => 'moon' }, /choosePool gave "moon" where one of local, gpu was expected/],
  ];
  for (const [what, fault, message] of faulty) {
    it(`is not asked again once it ${what}; people are told once, and nothing is lost`, () => {
      const of = scheduler({ schedulingPolicy: 'custom', defaultPools: [LOCAL, GPU] }, BOTH, { name: 'bad', compare: () => 0, ...fault });
      fill(of);
      const first = of.plan();
      of.add(readyTask('t4', { position: 4, priority: 9 }), 0, 0);
      const second = of.plan();
      assert.deepEqual([...first, ...second].map(({ task }) => task.key).toSorted(), ['app/t1', 'app/t2', 'app/t3', 'app/t4']);
      const [told, ...more] = of.takeTroubles();
      assert.match(told ?? '', message);
      assert.deepEqual([more, of.takeTroubles()], [[], []]);
    });
  }
});

describe('a large task at the head', () => {
  const cores = (n: number, position: number, rest = {}) => readyTask(`s${position}`, { cpu: n, position, ...rest });
  const pools = [poolSettings({ maxConcurrency: 9, cpuQuota: 4 })];
  const large = readyTask('large', { cpu: 4, priority: 1, spec: specName('big') });

  it('is passed over so often, and then the pool is kept for it until it fits', () => {
    const of = scheduler({ maxPassedOver: 2 }, pools);
    const start = (): readonly string[] => of.plan().map(({ task }) => task.key);
    for (let n = 1; n <= 9; n += 1) of.add(cores(1, n), 0, 0);
    assert.equal(start().length, 4);
    of.add(large, 0, 0);
    const end = (id: number): void => {
      const { key } = cores(1, id);
      of.release(key, of.runnerOf(key)?.runnerId ?? ('' as never), true);
    };
    end(1);
    assert.deepEqual(start(), ['app/s5']);
    end(2);
    assert.deepEqual(start(), ['app/s6']);
    end(3);
    assert.deepEqual(start(), []);
    const waiting = of.waitingTask(cores(1, 7).key);
    assert.ok(waiting !== undefined);
    assert.deepEqual(of.poolShortages(waiting, LOCAL), [{ code: 'reserved_for', pool: LOCAL, task: 'big/large' }]);
    assert.equal(
      shortageText({ code: 'reserved_for', pool: LOCAL, task: large.key }, 0),
      'pool local is kept for big/large, which is before it and needs more than is free',
    );
    assert.deepEqual(of.poolShortages(large, LOCAL).map(({ code }) => code), ['pool_cpu']);
    for (const n of [4, 5, 6]) end(n);
    assert.deepEqual(start(), ['big/large'], 'and nothing with it');
  });

  const kept = (): Scheduler => {
    const of = scheduler({ maxPassedOver: 1 }, pools);
    for (const n of [1, 2, 3]) of.add(cores(1, n), 0, 0);
    of.plan();
    of.add({ ...large, specMaxConcurrency: 1 }, 0, 0);
    of.add(cores(1, 4), 0, 0);
    assert.equal(of.plan().length, 1, 'one passes it');
    of.add(cores(1, 5), 0, 0);
    const { key } = cores(1, 1);
    of.release(key, of.runnerOf(key)?.runnerId ?? ('' as never), true);
    assert.deepEqual(of.plan(), []);
    return of;
  };

  it('what is kept is given back when it goes, when its set may run no more, and when the pool cannot hold it', () => {
    const gone = kept();
    gone.drop(large.key);
    assert.deepEqual(planned(gone), ['s5 on local']);
    const limited = kept();
    limited.adopt(readyTask('other', { spec: large.spec, cpu: 0 }), LOCAL, 'adopted' as never);
    assert.deepEqual(planned(limited), ['s5 on local']);
    const shut = kept();
    shut.setPoolState(LOCAL, 'tripped', false);
    assert.deepEqual(planned(shut), []);
    shut.setPoolState(LOCAL, 'enabled', true);
    assert.deepEqual(planned(shut), ['s5 on local'], 'it is passed over once more, then kept again');
  });

  it('who is before it is not kept out', () => {
    const of = kept();
    of.add(cores(1, 6, { priority: 2 }), 0, 0);
    assert.deepEqual(planned(of), ['s6 on local']);
  });
});
