import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { poolName } from '../../../../src/domain/ids.ts';
import type { DispatcherSettings, PoolSettings } from '../../../../src/domain/settings.ts';
import type { ReadyTask } from '../../../../src/domain/task.ts';
import type { StatechartCoverage } from '../../../../src/simulation/statechart-coverage.ts';
import { DispatcherBench, only, runnerOfTask } from '../../../model/dispatcher-bench.ts';
import { LOCAL, poolSettings, readyTask, reportOf, settings } from '../../../model/samples.ts';

const SECOND = poolName('second');

const reload = (bench: DispatcherBench, pools: readonly PoolSettings[], rest: Partial<DispatcherSettings> = {}): void =>
  bench.send({
    type: 'configuration.changed',
    settings: settings({ defaultPools: pools.map(({ name }) => name), ...rest }),
    pools,
    actor: 'cli:ann',
    changes: {},
  });

/** Comes by the feed, which is looked at again. */
const bring = (bench: DispatcherBench, ...tasks: readonly ReadyTask[]): void => {
  bench.send({ type: 'registry.changed' });
  bench.feed(tasks);
};

/** A pause that the other side asks for, and a configuration that is read again. */
export const configuringTests = ({ inspect }: StatechartCoverage): void => {
  describe('a dispatcher whose pool was throttled', () => {
    const throttled = (rest: ConstructorParameters<typeof DispatcherBench>[0] = { inspect }) => {
      const bench = new DispatcherBench(rest).start();
      const until = bench.clock.wall() + 20_000;
      bench.desk.standing.set('settle', () => ({ type: 'settle.recorded', report: reportOf('ready', { throttledUntil: until }) }));
      const id = only(bench.run(readyTask('a')));
      bench.exit(id);
      bench.desk.standing.set('settle', () => ({ type: 'settle.recorded', report: reportOf('done') }));
      bring(bench, readyTask('b'));
      return bench;
    };

    it('starts nothing there until the pause is over', () => {
      const bench = throttled();
      assert.equal(bench.desk.count('launch'), 1);
      const [shortage] = bench.scheduler.ledger.poolShortages(readyTask('b'), LOCAL);
      assert.equal(shortage?.code, 'pool_throttled');
      bench.clock.advance(19_999);
      assert.equal(bench.desk.count('launch'), 1);
      bench.clock.advance(1);
      assert.equal(bench.desk.count('launch'), 2);
      assert.equal(bench.events().at(-1), 'PoolUnthrottled');
    });

    it('goes on at once when a person enables it', () => {
      const bench = throttled();
      bench.send({ type: 'pool.order', pool: LOCAL, order: { type: 'pool.enable', actor: 'cli:ann' } });
      assert.equal(bench.desk.count('launch'), 2);
      bench.clock.advance(20_000);
      assert.equal(bench.events().filter((type) => type === 'PoolUnthrottled').length, 1);
    });

    it('keeps the pause that an earlier dispatcher was told, and one that outlives the work', () => {
      const bench = new DispatcherBench({ inspect });
      const until = bench.clock.wall() + 5000;
      bench.desk.answer('recover', { type: 'recovery.finished', adoptions: [], throttles: [{ pool: LOCAL, until, reason: 'slow down' }] });
      bench.feed([readyTask('a')]);
      assert.equal(bench.desk.count('launch'), 0);
      bench.clock.advance(5000);
      const id = runnerOfTask(bench, 'a');
      bench.launch(id);
      bench.send({ type: 'pool.throttled', pool: LOCAL, until: bench.clock.wall() + 5000, reason: 'again' });
      bench.drain();
      bench.clock.advance(5000);
      assert.equal(bench.events().filter((type) => type === 'PoolUnthrottled').length, 2);
      bench.exit(id);
      bench.ended('stopped', /^drained$/);
    });
  });

  describe('a dispatcher whose configuration is read again', () => {
    it('has pools come and go, once the last runner of one has ended', () => {
      const bench = new DispatcherBench({ inspect }).start();
      const id = only(bench.run(readyTask('a')));
      reload(bench, [poolSettings({ name: SECOND })]);
      assert.deepEqual(bench.actor.getSnapshot().context.pools.map(({ name }) => name), [SECOND, LOCAL]);
      assert.equal(bench.scheduler.ledger.stateOf(LOCAL), 'draining');
      bring(bench, readyTask('b'));
      assert.equal(bench.scheduler.runnerOf(readyTask('b').key)?.pool, SECOND);
      bench.exit(id);
      assert.deepEqual(bench.actor.getSnapshot().context.pools.map(({ name }) => name), [SECOND]);
      assert.equal(bench.scheduler.ledger.stateOf(LOCAL), 'removed');
      assert.ok(bench.events().includes('ConfigurationReloaded'));
    });

    it('takes back a pool that was about to go', () => {
      const bench = new DispatcherBench({ inspect }).start();
      const id = only(bench.run(readyTask('a')));
      reload(bench, [poolSettings({ name: SECOND })]);
      reload(bench, [poolSettings()]);
      assert.equal(bench.scheduler.ledger.stateOf(LOCAL), 'enabled');
      bench.exit(id);
      assert.deepEqual(bench.actor.getSnapshot().context.pools.map(({ name }) => name), [LOCAL]);
    });

    it('keeps what a person said, unless that is written differently now', () => {
      const bench = new DispatcherBench({ inspect }).start();
      bench.send({ type: 'pool.order', pool: LOCAL, order: { type: 'pool.resize', actor: 'cli:ann', maxConcurrency: 2 } });
      bench.send({ type: 'pool.order', pool: LOCAL, order: { type: 'pool.disable', actor: 'cli:ann', reason: '' } });
      reload(bench, [poolSettings({ cpuQuota: 5 })]);
      const { ledger } = bench.scheduler;
      assert.deepEqual([ledger.stateOf(LOCAL), ledger.maxConcurrencyOf(LOCAL)], ['disabled', 2]);
      assert.equal(ledger.settingsOf(LOCAL)?.cpuQuota, 5);
      reload(bench, [poolSettings({ enabled: false, maxConcurrency: 7 })]);
      reload(bench, [poolSettings({ maxConcurrency: 7 })]);
      assert.deepEqual([ledger.stateOf(LOCAL), ledger.maxConcurrencyOf(LOCAL)], ['enabled', 7]);
    });

    it('starts what a higher limit allows, and by another order', () => {
      const bench = new DispatcherBench({ inspect, settings: { maxGlobalConcurrency: 1 } }).start();
      const id = only(bench.run(readyTask('a')));
      bring(bench, readyTask('b', { position: 3, priority: 9 }), readyTask('c', { position: 2 }));
      reload(bench, [poolSettings()], { schedulingPolicy: 'fifo', maxGlobalConcurrency: 2 });
      assert.notEqual(bench.scheduler.runnerOf(readyTask('c').key), undefined);
      assert.equal(bench.scheduler.waiting, 1);
      reload(bench, [poolSettings()], { schedulingPolicy: 'fifo', maxGlobalConcurrency: 1 });
      bench.exit(id);
      assert.equal(bench.scheduler.waiting, 1, 'nothing new until the lower limit is kept');
    });
  });
};
