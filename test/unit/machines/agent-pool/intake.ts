import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { portError } from '../../../../src/domain/failures.ts';
import { PoolBench, trippedPool } from '../../../model/pool-bench.ts';
import type { StatechartCoverage } from '../../../../src/simulation/statechart-coverage.ts';

const ORDER = { actor: 'user:ann', reason: 'repairs' };

/** When a pool takes what it is assigned, and when not. */
export const intakeTests = ({ inspect }: StatechartCoverage): void => {
  describe('a pool that is ordered about', () => {
    it('begins disabled when it is configured so, and declines', () => {
      const bench = new PoolBench(inspect, { enabled: false });
      bench.isIn('disabled');
      bench.assign('a');
      assert.equal(bench.running, 0);
      assert.deepEqual(bench.parent.types(), ['runner.declined']);
      bench.send({ type: 'pool.enable', actor: 'user:ann' });
      bench.isIn('enabled');
      assert.deepEqual(bench.states, ['enabled']);
    });

    it('disabled by a person: what runs goes on, nothing new', () => {
      const bench = new PoolBench(inspect);
      bench.assign('a');
      bench.launch('a');
      bench.send({ type: 'pool.disable', ...ORDER });
      bench.assign('b');
      assert.equal(bench.heard('runner.declined').length, 1);
      bench.exit('a');
      assert.equal(bench.heard('runner.settled').length, 1);
      const [changed] = bench.heard('pool.changed');
      assert.deepEqual([changed?.['actor'], changed?.['reason'], changed?.['accepting']], ['user:ann', 'repairs', false]);
    });

    it('drains: disabled once its last runner is settled', () => {
      const bench = new PoolBench(inspect);
      for (const id of ['a', 'b']) {
        bench.assign(id);
        bench.launch(id);
      }
      bench.send({ type: 'pool.drain', actor: 'user:ann' });
      bench.isIn('draining');
      bench.assign('c');
      bench.exit('a');
      bench.isIn('draining');
      bench.exit('b');
      bench.isIn('disabled');
      assert.deepEqual(bench.states, ['draining', 'disabled']);
    });

    it('drains at once when it is empty', () => {
      const bench = new PoolBench(inspect);
      bench.send({ type: 'pool.drain', actor: 'user:ann' });
      bench.isIn('disabled');
    });

    it('may be enabled or disabled while it drains', () => {
      for (const [order, state] of [['pool.enable', 'enabled'], ['pool.disable', 'disabled']] as const) {
        const bench = new PoolBench(inspect);
        bench.assign('a');
        bench.send({ type: 'pool.drain', actor: 'user:ann' });
        bench.send({ type: order, ...ORDER });
        bench.isIn(state);
      }
    });

    it('is resized while it runs', () => {
      const bench = new PoolBench(inspect);
      bench.send({ type: 'pool.resize', actor: 'user:ann', maxConcurrency: 9 });
      const [resized] = bench.heard('pool.resized');
      assert.deepEqual([resized?.['maxConcurrency'], resized?.['actor']], [9, 'user:ann']);
    });
  });

  describe('a pool whose launches fail', () => {
    it('is taken out, rests, is probed, and comes back', () => {
      const bench = trippedPool(inspect);
      const [changed] = bench.heard('pool.changed');
      assert.deepEqual([changed?.['state'], changed?.['accepting']], ['tripped', false]);
      assert.equal(changed?.['reason'], '3 launches in a row failed: no room');
      bench.assign('d');
      assert.equal(bench.heard('runner.declined').length, 1);
      bench.clock.advance(1000);
      for (const id of ['a', 'b', 'c']) bench.failLaunch(id, 'permanent');
      bench.clock.advance(29_000);
      bench.isIn('probing');
      bench.desk.answer('probe', { type: 'engine.unhealthy', error: portError('transient', 'still down') });
      bench.isIn('tripped');
      bench.clock.advance(30_000);
      bench.desk.answer('probe', { type: 'engine.healthy' });
      bench.isIn('enabled');
      assert.deepEqual(bench.states, ['tripped', 'enabled']);
      bench.assign('e');
      bench.failLaunch('e');
      bench.isIn('enabled');
    });

    it('counts failures in a row only, and none that are the task\'s own fault', () => {
      const bench = new PoolBench(inspect);
      for (const id of ['a', 'b', 'c', 'd']) {
        bench.assign(id);
        bench.failLaunch(id, 'permanent');
      }
      for (const id of ['e', 'f', 'g', 'h']) bench.assign(id);
      bench.failLaunch('e');
      bench.failLaunch('f');
      bench.launch('g');
      bench.failLaunch('h');
      bench.isIn('enabled');
    });

    for (const state of ['tripped', 'probing'] as const) {
      const reached = (): PoolBench => {
        const bench = trippedPool(inspect);
        if (state === 'probing') bench.clock.advance(30_000);
        bench.isIn(state);
        return bench;
      };

      it(`${state}: a person may disable it`, () => {
        const bench = reached();
        bench.send({ type: 'pool.disable', ...ORDER });
        bench.isIn('disabled');
      });

      it(`${state}: an order to drain is not forgotten`, () => {
        const bench = reached();
        bench.send({ type: 'pool.drain', actor: 'user:ann' });
        bench.isIn('draining');
        for (const id of ['a', 'b', 'c']) bench.runner(id).send({ type: 'runner.interrupt', reason: 'end', wallAt: 0 });
        // Those that were launched meanwhile have something to stop.
        for (const call of bench.desk.calls.filter(({ open, port }) => open && port === 'launch')) {
          call.answer({ type: 'launch.failed', error: portError('permanent', 'no') });
        }
        bench.isIn('disabled');
        const empty = reached();
        for (const id of ['a', 'b', 'c']) empty.runner(id).send({ type: 'runner.interrupt', reason: 'end', wallAt: 0 });
        for (const call of empty.desk.calls.filter(({ open, port }) => open && port === 'launch')) {
          call.answer({ type: 'launch.failed', error: portError('permanent', 'no') });
        }
        empty.send({ type: 'pool.drain', actor: 'user:ann' });
        empty.isIn('disabled');
      });
    }

    it('tripped: a person may enable it without waiting', () => {
      const bench = trippedPool(inspect);
      bench.send({ type: 'pool.enable', actor: 'user:ann' });
      bench.isIn('enabled');
    });

    it('probing: likewise, for the engine may be long in answering', () => {
      const bench = trippedPool(inspect);
      bench.clock.advance(30_000);
      bench.isIn('probing');
      bench.send({ type: 'pool.enable', actor: 'user:ann' });
      bench.isIn('enabled');
      assert.equal(bench.ref.getSnapshot().context.launchFailures, 0);
    });
  });
};
