import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { poolName, specName } from '../../../src/domain/ids.ts';
import { TASK_STATES, type ReadyTask, type TaskState } from '../../../src/domain/task.ts';
import { Scheduler } from '../../../src/scheduling/scheduler.ts';
import { waitingLine, waitingReasons, type WaitingQuestion } from '../../../src/scheduling/waiting.ts';
import { poolSettings, readyTask, REGISTRY, settings } from '../../model/samples.ts';

const docker = poolName('docker');
const k8s = poolName('k8s');

const counts = (some: Partial<Record<TaskState, number>>): Record<TaskState, number> => ({
  ...(Object.fromEntries(TASK_STATES.map((state) => [state, 0])) as Record<TaskState, number>),
  ...some,
});

const schedulerWith = (tasks: readonly ReadyTask[], rest: Parameters<typeof settings>[0] = {}): Scheduler => {
  const skillMapping = new Map([['web', [docker, k8s]], ['data', [k8s]]]);
  const pools = [poolSettings({ name: docker, maxConcurrency: 2 }), poolSettings({ name: k8s, maxConcurrency: 1, cpuQuota: 2 })];
  const scheduler = new Scheduler(settings({ skillMapping, defaultPools: [docker], strictSkills: true, ...rest }), pools, REGISTRY);
  for (const task of tasks) scheduler.add(task, 0, 0);
  scheduler.plan();
  return scheduler;
};

const many = (name: string, count: number, rest: Partial<ReadyTask> = {}): readonly ReadyTask[] =>
  Array.from({ length: count }, (_, i) => readyTask(`${name}${i}`, rest));

const told = (question: WaitingQuestion) => waitingReasons(question).map(({ code, count, text }) => [code, count, text]);

describe('the sum of why tasks wait', () => {
  it('says how many wait for which pool, back off, and are stuck', () => {
    const scheduler = schedulerWith([...many('d', 32), ...many('late', 8, { notBefore: 5000, readyAt: 0 })]);
    const reasons = waitingReasons({ counts: counts({ ready: 38, blocked: 3, running: 2 }), stuck: 3, scheduler, dispatcher: 'running' });
    assert.equal(waitingLine(reasons), '41 waiting: 30 docker full (2/2), 8 backing off, 3 stuck');
  });

  it('names each pool that a task could go to, and what it lacks', () => {
    const scheduler = schedulerWith([...many('w', 6, { requiredSkill: 'web' }), ...many('d', 2, { requiredSkill: 'data' })]);
    assert.deepEqual(told({ counts: counts({ ready: 5, running: 3 }), stuck: 0, scheduler, dispatcher: 'running' }), [
      ['pool_concurrency', 3, 'docker full (2/2), k8s full (1/1)'],
      ['pool_concurrency', 2, 'k8s full (1/1)'],
    ]);
  });

  it('tells limits of all, of a set and of a key apart', () => {
    const limited = { spec: specName('small'), specMaxConcurrency: 1 };
    const general = schedulerWith(many('d', 3), { maxGlobalConcurrency: 1 });
    assert.deepEqual(told({ counts: counts({ ready: 2 }), stuck: 0, scheduler: general, dispatcher: 'running' }), [
      ['global_concurrency', 2, 'at max_global_concurrency (1/1)'],
    ]);
    const own = schedulerWith([...many('s', 3, limited), ...many('k', 2, { concurrencyKey: 'db', requiredSkill: 'data' })]);
    assert.deepEqual(told({ counts: counts({ ready: 3 }), stuck: 0, scheduler: own, dispatcher: 'running' }), [
      ['spec_concurrency', 2, 'their set at its limit (1/1)'],
      ['concurrency_key', 1, 'key db taken (1/1), k8s full (1/1)'],
    ]);
  });

  it('tells what no pool can ever take, and what waits for others or for a person', () => {
    const scheduler = schedulerWith([...many('c', 2, { requiredSkill: 'cobol' }), ...many('big', 1, { requiredSkill: 'data', cpu: 9 })]);
    assert.deepEqual(told({ counts: counts({ ready: 3, blocked: 7, parked: 4 }), stuck: 2, scheduler, dispatcher: 'running' }), [
      ['dependencies', 5, 'for other tasks'],
      ['parked', 4, 'for a person'],
      ['no_pool_for_skill', 2, 'stuck: no pool for the skill "cobol"'],
      ['dependencies_never', 2, 'stuck'],
      ['unplaceable', 1, 'stuck: larger than the quota of every pool that could take it (k8s)'],
    ]);
  });

  it('says where the dispatcher itself is what they wait for', () => {
    const scheduler = schedulerWith([]);
    const code = (dispatcher: WaitingQuestion['dispatcher']) => told({ counts: counts({ ready: 1 }), stuck: 0, scheduler, dispatcher })[0]?.[0];
    assert.deepEqual([code('none'), code('starting'), code('running'), code('ending')], ['no_dispatcher', 'dispatcher_starting', 'starting', 'dispatcher_ending']);
    assert.equal(waitingLine(waitingReasons({ counts: counts({ done: 9 }), stuck: 0, scheduler, dispatcher: 'none' })), null);
  });

  it('adds up to all that wait, whatever they are', () => {
    const task = fc.record({
      requiredSkill: fc.constantFrom(null, 'web', 'data', 'cobol'),
      cpu: fc.constantFrom(null, 1, 9),
      concurrencyKey: fc.constantFrom(null, 'db'),
      notBefore: fc.constantFrom(null, 1000),
    });
    fc.assert(
      fc.property(fc.array(task, { maxLength: 30 }), fc.nat(20), fc.nat(20), fc.nat(5), (drawn, blocked, stuck, parked) => {
        const scheduler = schedulerWith(drawn.map((rest, i) => readyTask(`t${i}`, rest)));
        const ready = scheduler.waiting + scheduler.delayed;
        const reasons = waitingReasons({ counts: counts({ ready, blocked, parked }), stuck, scheduler, dispatcher: 'running' });
        assert.equal(reasons.reduce((sum, { count }) => sum + count, 0), ready + blocked + parked);
      }),
    );
  });
});
