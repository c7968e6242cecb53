import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { poolName, runnerId, specName } from '../../../src/domain/ids.ts';
import { Ledger } from '../../../src/scheduling/ledger.ts';
import { LOCAL, poolSettings, readyTask } from '../../model/samples.ts';

const ledger = (rest: Parameters<typeof poolSettings>[0] = {}, global = 10, slots = 10): Ledger =>
  new Ledger({ maxGlobalConcurrency: global, slots, concurrencyKeys: new Map([['gpu', 2]]), pools: [poolSettings(rest)] });

const book = (of: Ledger, ...tasks: readonly ReturnType<typeof readyTask>[]): void =>
  tasks.forEach((task) => of.reserve(runnerId(`r-${task.key}`), task, LOCAL));

describe('a shortage says what is lacking', () => {
  it('of the dispatcher as a whole', () => {
    const global = ledger({}, 1, 5);
    book(global, readyTask('a'));
    assert.deepEqual(global.generalShortages(readyTask('b')), [{ code: 'global_concurrency', limit: 1, used: 1 }]);
    const slots = ledger({}, 5, 1);
    book(slots, readyTask('a'));
    assert.deepEqual(slots.generalShortages(readyTask('b')), [{ code: 'slots', limit: 1, used: 1 }]);
    assert.equal(slots.hasRoom, false);
  });

  it('of a set, and of a key; a key that is not listed has limit 1', () => {
    const of = ledger();
    book(of, readyTask('a', { specMaxConcurrency: 1, concurrencyKey: 'db' }), readyTask('g', { concurrencyKey: 'gpu' }));
    const limited = readyTask('b', { specMaxConcurrency: 1 });
    assert.deepEqual(of.generalShortages({ ...limited, specMaxConcurrency: 2 }), [{ code: 'spec_concurrency', limit: 2, used: 2 }]);
    assert.deepEqual(of.generalShortages({ ...limited, spec: specName('other') }), []);
    const keyed = readyTask('c', { concurrencyKey: 'db' });
    assert.deepEqual(of.generalShortages(keyed), [{ code: 'concurrency_key', key: 'db', limit: 1, used: 1 }]);
    assert.deepEqual(of.generalShortages({ ...keyed, concurrencyKey: 'gpu' }), []);
  });

  it('of a pool', () => {
    const of = ledger({ maxConcurrency: 2, cpuQuota: 1, memoryQuota: 512, defaultResources: { cpu: 0.4, memory: 200 } });
    const pool = LOCAL;
    assert.deepEqual(of.poolShortages(readyTask('a'), pool), []);
    assert.deepEqual(of.poolShortages(readyTask('a', { cpu: 1.1 }), pool), [{ code: 'pool_cpu', pool, limit: 1, used: 0, needed: 1.1 }]);
    assert.deepEqual(of.poolShortages(readyTask('a', { memory: 600 }), pool), [{ code: 'pool_memory', pool, limit: 512, used: 0, needed: 600 }]);
    book(of, readyTask('a'), readyTask('b'));
    const full = [
      { code: 'pool_concurrency', pool, limit: 2, used: 2 },
      { code: 'pool_cpu', pool, limit: 1, used: 0.8, needed: 0.4 },
      { code: 'pool_memory', pool, limit: 512, used: 400, needed: 200 },
    ];
    assert.deepEqual(of.poolShortages(readyTask('c'), pool), full);
    of.setPoolState(pool, 'tripped', false, '3 launches in a row failed');
    const tripped = { code: 'pool_not_accepting', pool, state: 'tripped', reason: '3 launches in a row failed' };
    assert.deepEqual(of.poolShortages(readyTask('c'), pool), [tripped, ...full]);
    const ghost = poolName('ghost');
    assert.deepEqual(of.poolShortages(readyTask('c'), ghost), [{ code: 'pool_not_accepting', pool: ghost, state: 'removed', reason: null }]);
  });
});

describe('the ledger', () => {
  it('books an adopted runner though the limits are reached, and counts it', () => {
    const of = ledger({ maxConcurrency: 1, enabled: false }, 1);
    book(of, readyTask('a'), readyTask('b'));
    assert.equal(of.use(LOCAL).running, 2);
    assert.equal(of.hasRoom, false);
  });

  it('gives back what was booked, though the pool was resized meanwhile', () => {
    const of = ledger({ defaultResources: { cpu: 0.3, memory: 0.1 } });
    book(of, readyTask('a'));
    of.resize(LOCAL, 9);
    assert.deepEqual(of.use(LOCAL), { running: 1, cpu: 0.3, memory: 102 / 1024 });
    of.release(runnerId('r-app/a'));
    assert.deepEqual(of.use(LOCAL), { running: 0, cpu: 0, memory: 0 });
  });

  it('its load is the fullest dimension', () => {
    const of = ledger({ maxConcurrency: 10, cpuQuota: 4, memoryQuota: 1024 });
    book(of, readyTask('a', { cpu: 3, memory: 256 }));
    assert.equal(of.load(LOCAL), 0.75);
    assert.equal(of.load(poolName('ghost')), 1);
  });

  it('fits what an empty pool could hold', () => {
    const of = ledger({ cpuQuota: 2, memoryQuota: 512 });
    book(of, readyTask('a', { cpu: 2, memory: 512 }));
    assert.ok(of.fitsAtAll(readyTask('b', { cpu: 2, memory: 512 }), LOCAL));
    assert.ok(!of.fitsAtAll(readyTask('b', { cpu: 2.001 }), LOCAL));
    assert.ok(!of.fitsAtAll(readyTask('b', { memory: 513 }), LOCAL));
    assert.ok(!of.fitsAtAll(readyTask('b'), poolName('ghost')));
  });

  it('a pool is shut while a person has to open it, not while it rests', () => {
    const of = ledger();
    for (const [state, shut] of [['enabled', false], ['tripped', false], ['draining', false], ['disabled', true]] as const) {
      of.setPoolState(LOCAL, state, false);
      assert.equal(of.isShut(LOCAL), shut, state);
    }
    of.setPoolState(LOCAL, 'enabled', true);
    of.resize(LOCAL, 0);
    assert.ok(of.isShut(LOCAL));
    assert.ok(of.isShut(poolName('ghost')));
  });
});
