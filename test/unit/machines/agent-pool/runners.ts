import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { event } from '../../../../src/domain/events.ts';
import { portError } from '../../../../src/domain/failures.ts';
import { runnerId } from '../../../../src/domain/ids.ts';
import { PoolBench, trippedPool } from '../../../model/pool-bench.ts';
import { handleOf, LOCAL, openAttempt, readyTask, slot } from '../../../model/samples.ts';
import type { StatechartCoverage } from '../../../../src/simulation/statechart-coverage.ts';

/** What a pool does for its runners. */
export const runnersOfPoolTests = ({ inspect }: StatechartCoverage): void => {
  describe('a pool and its runners', () => {
    it('runs what it is assigned and tells of every end', () => {
      const bench = new PoolBench(inspect);
      bench.assign('a');
      bench.assign('b');
      assert.equal(bench.running, 2);
      bench.launch('a');
      bench.launch('b');
      bench.exit('b');
      bench.exit('a');
      const ends = bench.heard('runner.settled').map((settled) => String(settled['runnerId']));
      assert.deepEqual(ends, ['b', 'a']);
      assert.equal(bench.running, 0);
      assert.equal(bench.ref.getSnapshot().context.table.deadlines.size, 0, 'no deadline of a runner that has ended');
      const started = bench.telemetry.told.filter(({ type }) => type === 'runnerStarted');
      assert.equal(started.length, 2);
      assert.equal(bench.clock.pending, 1, 'its timer is all that is left');
      bench.clock.advance(60_000);
      assert.equal(bench.clock.pending, 0, 'and that finds nothing to do');
    });

    it('does not run the same runner twice', () => {
      const bench = new PoolBench(inspect);
      bench.assign('a');
      bench.assign('a');
      assert.equal(bench.desk.count('obtainSlot'), 1);
    });

    it('adopts in every state', () => {
      const bench = new PoolBench(inspect, { enabled: false });
      const id = runnerId('left');
      const adoption = { runnerId: id, pool: LOCAL, attempt: openAttempt(readyTask('left'), id), slot: slot() };
      bench.send({ type: 'runner.adopt', adoption });
      bench.answer('inspect', 'left', { type: 'inspection.alive', handle: handleOf(id), at: 0 });
      assert.deepEqual(bench.telemetry.told.map((told) => 'adopted' in told && told.adopted), [true]);
      bench.exit('left');
      assert.equal(bench.heard('runner.settled').length, 1);
    });

    it('keeps one timer for all run-time limits, and says so to the right runner', () => {
      const bench = new PoolBench(inspect);
      for (const [id, at] of [['a', 0], ['b', 10_000], ['c', 5000]] as const) {
        bench.clock.advance(at);
        bench.assign(id);
        bench.launch(id);
        assert.equal(bench.clock.pending, 1);
      }
      bench.clock.advance(59_999 - 15_000);
      assert.equal(bench.desk.count('stop'), 0);
      bench.clock.advance(1);
      assert.deepEqual(bench.runner('a').getSnapshot().value, { live: { stopping: 'gracefully' } });
      bench.exit('b');
      bench.clock.advance(15_000);
      assert.deepEqual(bench.runner('c').getSnapshot().value, { live: { stopping: 'gracefully' } });
      assert.equal(bench.clock.pending, 0);
    });

    it('moves its timer forward when an earlier deadline appears', () => {
      const bench = new PoolBench(inspect);
      bench.assign('a');
      bench.launch('a');
      bench.assign('b');
      bench.failLaunch('b');
      assert.equal(bench.clock.pending, 1);
      bench.clock.advance(1000);
      assert.equal(bench.desk.calls.filter(({ port }) => port === 'launch').length, 3, 'a once, b twice');
    });

    it('interrupts and forces all of them, and cancels one', () => {
      const bench = new PoolBench(inspect);
      for (const id of ['a', 'b', 'c']) {
        bench.assign(id);
        bench.launch(id);
      }
      bench.send({ type: 'task.cancel', runnerId: runnerId('nobody'), reason: 'no more', wallAt: 0 });
      assert.equal(bench.desk.count('stop'), 0);
      bench.send({ type: 'task.cancel', runnerId: runnerId('b'), reason: 'no more', wallAt: 0 });
      assert.equal(bench.desk.count('stop'), 1);
      bench.send({ type: 'pool.interrupt', reason: 'shutdown', wallAt: 0 });
      assert.equal(bench.desk.count('stop'), 3);
      bench.send({ type: 'pool.force' });
      assert.equal(bench.desk.count('stop'), 6);
      for (const id of ['a', 'b', 'c']) bench.answer('stop', id, { type: 'stop.finished', exit: null, survivors: [] });
      const settled = bench.desk.calls.filter(({ port }) => port === 'settle');
      const kinds = settled.map(({ input }) => (input as { outcome: { kind: string } }).outcome.kind);
      assert.deepEqual(kinds, ['interrupted', 'cancelled', 'interrupted']);
    });

    it('passes on events and the alarm of a broken registry', () => {
      const bench = new PoolBench(inspect);
      bench.send({ type: 'event.record', event: event('RunnerSurvived', 0, 'dispatcher') });
      bench.send({ type: 'registry.failed', error: portError('permanent', 'disk') });
      assert.deepEqual(bench.parent.types(), ['event.record', 'registry.failed']);
    });
  });

  describe('a runner actor that breaks', () => {
    it('is replaced by one that stops the process, settles the attempt as lost and returns the slot', () => {
      const bench = new PoolBench(inspect);
      bench.assign('a');
      bench.desk.broken.set('watch', 1);
      bench.launch('a');
      assert.deepEqual(bench.runner('a').getSnapshot().value, { live: { stopping: 'gracefully' } });
      const alarm = bench.telemetry.told.find(({ type }) => type === 'trouble');
      assert.match(JSON.stringify(alarm), /watch is broken/);
      assert.equal(bench.desk.count('settle') + bench.desk.count('releaseSlot'), 0);
      bench.answer('stop', 'a', { type: 'stop.finished', exit: null, survivors: [] });
      const { outcome } = bench.desk.input('settle') as { outcome: { kind: string } };
      assert.equal(outcome.kind, 'lost');
      assert.equal(bench.desk.count('releaseSlot'), 1);
      assert.equal(bench.heard('runner.settled').length, 1);
      assert.equal(bench.running, 0);
    });

    it('is not replaced for ever: one that breaks while it cleans up brings the pool down', () => {
      const bench = new PoolBench(inspect);
      bench.assign('a');
      bench.desk.broken.set('watch', 2);
      bench.launch('a');
      const [error] = bench.heard('xstate.error.actor.pool');
      assert.match(String(error?.['error']), /a broke: Error: watch is broken/);
      assert.equal(bench.desk.count('releaseSlot'), 0, 'the process may be alive');
    });

    it('no runner, but the probe: brings the pool down', () => {
      const bench = trippedPool(inspect);
      bench.desk.broken.set('probe', 1);
      bench.clock.advance(30_000);
      assert.match(String(bench.heard('xstate.error.actor.pool')[0]?.['error']), /probe is broken/);
    });
  });
};
