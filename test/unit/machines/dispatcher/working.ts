import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { portError } from '../../../../src/domain/failures.ts';
import { poolName } from '../../../../src/domain/ids.ts';
import { DispatcherBench, only, runnerOfTask } from '../../../model/dispatcher-bench.ts';
import { LOCAL, readyTask } from '../../../model/samples.ts';
import type { StatechartCoverage } from '../../../../src/simulation/statechart-coverage.ts';

/** From recovery to being idle. */
export const workingTests = ({ inspect }: StatechartCoverage): void => {
  describe('a dispatcher that works', () => {
    it('takes over what was left before anything new starts', () => {
      const bench = new DispatcherBench({ inspect });
      bench.isIn('starting');
      const adoption = bench.adoption(readyTask('left'));
      bench.start([adoption]);
      bench.isIn('running');
      assert.equal(bench.scheduler.ledger.running, 1);
      assert.deepEqual(bench.telemetry.told, [{ type: 'dispatcherRunning', adopted: 1 }]);
      assert.deepEqual(bench.events(), ['DispatcherStarted']);
      bench.desk.answer('inspect', { type: 'inspection.exited', exit: { exitCode: 0, signal: null, at: 0, result: null } });
      assert.equal(bench.scheduler.ledger.running, 0);
    });

    it('starts what is ready up to the limits, and the next as soon as one ends', () => {
      const bench = new DispatcherBench({ inspect, pool: { maxConcurrency: 1 } }).start();
      bench.feed([readyTask('a', { position: 1 }), readyTask('b', { position: 2 })]);
      assert.equal(bench.desk.count('launch'), 1);
      const a = runnerOfTask(bench, 'a');
      bench.launch(a);
      bench.exit(a);
      assert.equal(bench.desk.count('launch'), 2);
      assert.equal(bench.told('runnerSettled'), 1);
    });

    it('is woken by the registry', () => {
      const bench = new DispatcherBench({ inspect }).start();
      bench.feed();
      bench.send({ type: 'registry.changed' });
      bench.feed([readyTask('a')]);
      assert.equal(bench.desk.count('launch'), 1);
    });

    it('does not lose a retry that the feed tells of before the slot is back', () => {
      const bench = new DispatcherBench({ inspect }).start();
      const task = readyTask('a');
      const id = only(bench.run(task));
      bench.desk.standing.delete('releaseSlot');
      bench.exit(id);
      bench.send({ type: 'registry.changed' });
      bench.feed([readyTask('a', { fence: 1 })]);
      assert.equal(bench.desk.count('launch'), 1);
      bench.desk.answer('releaseSlot', { type: 'slot.released' });
      assert.equal(bench.desk.count('launch'), 2, 'started again under the next attempt');
    });

    it('waits out a back-off, with one timer for the earliest', () => {
      const bench = new DispatcherBench({ inspect }).start();
      const until = (ms: number) => bench.clock.wall() + ms;
      bench.feed([readyTask('late', { notBefore: until(30_000) }), readyTask('soon', { notBefore: until(10_000) })]);
      assert.equal(bench.clock.pending, 2, 'that and the poll');
      bench.clock.advance(4999);
      assert.equal(bench.desk.count('launch'), 0);
      bench.clock.advance(1);
      bench.feed([readyTask('sooner', { notBefore: until(1000) })]);
      bench.clock.advance(1000);
      assert.equal(bench.desk.count('launch'), 1);
      bench.clock.advance(4000);
      bench.feed();
      assert.equal(bench.desk.count('launch'), 2);
      bench.clock.advance(5000);
      bench.feed();
      assert.equal(bench.desk.count('launch'), 2);
    });

    it('tries a task again whose slot was refused, without blocking the others', () => {
      const bench = new DispatcherBench({ inspect }).start();
      bench.desk.standing.set('obtainSlot', () => ({ type: 'slot.refused', error: portError('unavailable', 'none') }));
      bench.feed([readyTask('a')]);
      assert.equal(bench.scheduler.delayed, 1);
      bench.desk.standing.set('obtainSlot', () => ({ type: 'slot.obtained', slot: { id: 's', path: '/s', branch: null } }));
      bench.clock.advance(1000);
      assert.equal(bench.desk.count('launch'), 1);
    });

    it('forgets what is gone', () => {
      const bench = new DispatcherBench({ inspect, pool: { enabled: false } }).start();
      bench.feed([readyTask('a')]);
      bench.send({ type: 'registry.changed' });
      bench.feed([], [readyTask('a').key]);
      assert.equal(bench.scheduler.waiting, 0);
    });

    it('tells once of a task that no pool can take, and records it with its name', () => {
      const bench = new DispatcherBench({ inspect, settings: { strictSkills: true } }).start();
      bench.feed([readyTask('a', { requiredSkill: 'cobol' }), readyTask('b', { requiredSkill: 'cobol' })]);
      assert.equal(bench.told('taskUnplaceable'), 1);
      assert.deepEqual(bench.events(), ['DispatcherStarted', 'TaskUnplaceable']);
    });

    it('looks now and then for what can never go on, and tells and records it once', () => {
      const bench = new DispatcherBench({ inspect, settings: { deadlockCheckMs: 60_000, strictSkills: true } }).start();
      const heldUp = { count: 2, isExact: true, first: [readyTask('b').key] };
      const deadlocks = [{ kind: 'failed' as const, path: [readyTask('a').key] as const, heldUp }];
      const shapes = [{ requiredSkill: 'cobol', cpu: null, memory: null, heldUp }, { requiredSkill: null, cpu: null, memory: null, heldUp }];
      const report = { deadlocks, stuck: 2, shapes };
      for (let survey = 0; survey < 2; survey += 1) {
        bench.clock.advance(60_000);
        bench.desk.answer('survey', { type: 'stuck.surveyed', report });
      }
      assert.equal(bench.told('deadlockDetected'), 2);
      const { deadlocks: board } = bench.actor.getSnapshot().context;
      assert.deepEqual(board.found.map(({ kind, heldUp: { count } }) => [kind, count]), [['failed', 2], ['no_pool_for_skill', 2]]);
      assert.deepEqual(bench.events(), ['DispatcherStarted', 'DeadlockDetected', 'DeadlockDetected']);
      bench.clock.advance(60_000);
      bench.shutdown();
      bench.ended('stopped', /SIGTERM/);
      assert.equal(bench.desk.calls.filter(({ open }) => open).length, 0, 'a survey under way is given up');
    });

    it('cancels a task that runs', () => {
      const bench = new DispatcherBench({ inspect }).start();
      const task = readyTask('a');
      const id = only(bench.run(task));
      bench.send({ type: 'task.cancel', key: readyTask('unknown').key, reason: 'no more' });
      bench.send({ type: 'task.cancel', key: task.key, reason: 'no more' });
      bench.stopped(id);
      assert.deepEqual(bench.desk.input('settle')['outcome'], { kind: 'cancelled', reason: 'no more' });
    });

    it('cancels what it takes over, where a person has asked for that before or during recovery', () => {
      const bench = new DispatcherBench({ inspect });
      const tasks = [readyTask('a'), readyTask('b'), readyTask('c')];
      const [a, b, c] = tasks.map((task) => bench.adoption(task));
      assert.ok(a && b && c);
      bench.send({ type: 'task.cancel', key: b.attempt.key, reason: 'too late' });
      bench.start([{ ...a, attempt: { ...a.attempt, cancelReason: 'not wanted' } }, b, c]);
      for (const { runnerId: id } of [a, b, c]) bench.found(id);
      for (const { runnerId: id } of [a, b]) bench.stopped(id);
      const outcomes = bench.desk.calls.filter(({ port }) => port === 'settle').map(({ input }) => (input as { outcome: unknown }).outcome);
      assert.deepEqual(outcomes, [{ kind: 'cancelled', reason: 'not wanted' }, { kind: 'cancelled', reason: 'too late' }]);
      assert.ok(bench.scheduler.runnerOf(c.attempt.key));
    });

    it('obeys orders to pools, records them, and survives one to a pool that does not exist', () => {
      const bench = new DispatcherBench({ inspect }).start();
      bench.feed();
      const order = (type: 'pool.enable' | 'pool.drain') =>
        bench.send({ type: 'pool.order', pool: LOCAL, order: { type, actor: 'user:ann' } });
      bench.send({ type: 'pool.order', pool: poolName('ghost'), order: { type: 'pool.drain', actor: 'user:eve' } });
      order('pool.drain');
      bench.send({ type: 'registry.changed' });
      bench.feed([readyTask('a')]);
      assert.equal(bench.desk.count('launch'), 0);
      order('pool.enable');
      assert.equal(bench.desk.count('launch'), 1);
      bench.send({ type: 'pool.order', pool: LOCAL, order: { type: 'pool.resize', actor: 'user:ann', maxConcurrency: 2 } });
      const expected = ['DispatcherStarted', 'PoolDisabled', 'TaskUnplaceable', 'PoolEnabled', 'PoolResized'];
      assert.deepEqual(bench.events(), expected);
      bench.isIn('running');
    });

    it('survives an order before its pools exist', () => {
      const bench = new DispatcherBench({ inspect });
      bench.send({ type: 'pool.order', pool: LOCAL, order: { type: 'pool.drain', actor: 'user:ann' } });
      bench.start();
      bench.isIn('running');
    });

    it('takes a pool out whose launches fail, and brings it back after a probe', () => {
      const bench = new DispatcherBench({ inspect, pool: { maxConcurrency: 1 } }).start();
      bench.feed([readyTask('a'), readyTask('b', { position: 2 })]);
      const id = runnerOfTask(bench, 'a');
      bench.desk.standing.set('inspect', () => ({ type: 'inspection.neverStarted' }));
      for (const pause of [1000, 2000, 0]) {
        bench.failLaunch(id);
        bench.clock.advance(pause);
      }
      assert.equal(bench.scheduler.waiting, 1);
      for (let at = 3000; at < 33_000; at += 5000) bench.clock.advance(5000);
      bench.desk.answer('probe', { type: 'engine.healthy' });
      assert.equal(bench.desk.count('launch'), 4);
      const pools = bench.events().filter((type) => type.startsWith('Pool'));
      assert.deepEqual(pools, ['PoolTripped', 'PoolRecovered']);
    });

    it('until idle: ends once the monitor has looked again and found nothing', () => {
      const bench = new DispatcherBench({ inspect, untilIdle: true }).start();
      bench.feed([readyTask('a')]);
      const id = runnerOfTask(bench, 'a');
      bench.launch(id);
      bench.feed();
      bench.isIn('running');
      bench.exit(id);
      bench.isIn('running');
      bench.feed([readyTask('b')]);
      bench.isIn('running');
      const next = runnerOfTask(bench, 'b');
      bench.launch(next);
      bench.exit(next);
      bench.feed();
      bench.ended('stopped', /^idle$/);
      assert.deepEqual(bench.events(), ['DispatcherStarted', 'DispatcherStopped']);
    });

    it('until idle: an answer that was on its way before the last end does not count', () => {
      const bench = new DispatcherBench({ inspect, untilIdle: true }).start();
      bench.feed([readyTask('a')]);
      const id = runnerOfTask(bench, 'a');
      bench.launch(id);
      bench.exit(id);
      bench.feed();
      bench.isIn('running');
      bench.feed([readyTask('b')]);
      bench.isIn('running');
      assert.equal(bench.desk.count('launch'), 2);
    });

    it('until idle: does not wait for what no pool can take', () => {
      for (const pool of [{ enabled: false }, { memoryQuota: 100 }]) {
        const bench = new DispatcherBench({ inspect, untilIdle: true, pool }).start();
        bench.feed([readyTask('a')]);
        bench.feed();
        if (bench.state === 'running') bench.feed();
        bench.ended('stopped', /^idle$/);
      }
    });
  });
};
