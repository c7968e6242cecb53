import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { portError } from '../../../../src/domain/failures.ts';
import { runnerId } from '../../../../src/domain/ids.ts';
import type { StatechartCoverage } from '../../../../src/simulation/statechart-coverage.ts';
import { PoolBench } from '../../../model/pool-bench.ts';
import { poolSettings } from '../../../model/samples.ts';

const HEALTH_MS = 20_000;
const SICK = { type: 'engine.unhealthy', error: portError('transient', 'no answer') };
const WELL = { type: 'engine.healthy' };

/** Whether the engine is well, what the other side says, and a configuration that is read again. */
export const healthTests = ({ inspect }: StatechartCoverage): void => {
  const { breaker } = poolSettings();
  const watchedPool = () => new PoolBench(inspect, { breaker: { ...breaker, healthIntervalMs: HEALTH_MS } });
  const check = (bench: PoolBench, answer: { readonly type: string }): void => {
    bench.clock.advance(HEALTH_MS);
    bench.desk.answer('probe', answer);
  };

  describe('a pool whose engine is asked how it is', () => {
    it('is taken out after so many bad answers in a row, and brought back by a good one', () => {
      const bench = watchedPool();
      for (const answer of [SICK, SICK, WELL, SICK, SICK]) check(bench, answer);
      bench.isIn('enabled');
      check(bench, SICK);
      bench.isIn('tripped');
      const [tripped] = bench.heard('pool.changed');
      assert.equal(tripped?.['reason'], 'the engine failed 3 health checks in a row: no answer');
      bench.clock.advance(breaker.cooldownMs);
      bench.desk.answer('probe', WELL);
      bench.isIn('enabled');
      check(bench, SICK);
      bench.isIn('enabled');
    });

    it('takes tasks while it is asked', () => {
      const bench = watchedPool();
      bench.clock.advance(HEALTH_MS);
      bench.assign('a');
      bench.launch('a');
      assert.equal(bench.running, 1);
    });

    it('is not asked at all where the configuration says so', () => {
      const bench = new PoolBench(inspect);
      assert.equal(bench.clock.pending, 0);
    });
  });

  describe('a pool that is configured anew', () => {
    it('goes by it from then on, whatever its state', () => {
      const bench = new PoolBench(inspect);
      const settings = poolSettings({ breaker: { ...breaker, healthIntervalMs: HEALTH_MS } });
      bench.send({ type: 'pool.configure', settings, timeoutMs: 5, stopGraceMs: 6 });
      check(bench, WELL);
      bench.send({ type: 'pool.disable', actor: 'user:ann', reason: '' });
      bench.send({ type: 'pool.configure', settings: poolSettings(), timeoutMs: 7, stopGraceMs: 8 });
      assert.partialDeepStrictEqual(bench.ref.getSnapshot().context.terms, { timeoutMs: 7, stopGraceMs: 8 });
      bench.send({ type: 'pool.enable', actor: 'user:ann' });
      assert.equal(bench.clock.pending, 0, 'no health checks any more');
    });
  });

  describe('a pool whose runner was told to be slower', () => {
    it('tells the Dispatcher at once', () => {
      const bench = new PoolBench(inspect);
      bench.send({ type: 'runner.throttled', runnerId: runnerId('a'), until: 5, reason: 'slow down' });
      const { type, pool, until, reason } = bench.heard('pool.throttled')[0] ?? { type: 'nothing' };
      assert.deepEqual([type, pool, until, reason], ['pool.throttled', 'local', 5, 'slow down']);
    });
  });
};
