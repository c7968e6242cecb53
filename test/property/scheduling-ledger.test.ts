import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { poolName, runnerId, specName, type RunnerId } from '../../src/domain/ids.ts';
import type { PoolSettings } from '../../src/domain/settings.ts';
import type { ReadyTask } from '../../src/domain/task.ts';
import { Ledger } from '../../src/scheduling/ledger.ts';
import { poolSettings, readyTask } from '../model/samples.ts';

const NAMES = [poolName('one'), poolName('two')] as const;
const KEYS = new Map([['db', 2]]);

const limits = fc.record({
  maxGlobalConcurrency: fc.integer({ min: 1, max: 12 }),
  slots: fc.integer({ min: 1, max: 12 }),
  sizes: fc.tuple(...NAMES.map(() => fc.integer({ min: 1, max: 8 }))),
  cpuQuota: fc.constantFrom(null, 1, 2.5),
  memoryQuota: fc.constantFrom(null, 512, 700.5),
});

const amount = fc.constantFrom(null, 0.1, 0.2, 0.3, 0.7, 1 / 3);
const booking = fc.record({
  spec: fc.constantFrom('a', 'b'),
  pool: fc.nat(1),
  cpu: amount,
  memory: fc.constantFrom(null, 0.1, 102.4, 1 / 3, 300),
  concurrencyKey: fc.constantFrom(null, 'db', 'unlisted'),
  limited: fc.boolean(),
  release: fc.boolean(),
  which: fc.nat(),
});

const SPEC_LIMIT = 3;
const used = (tasks: readonly ReadyTask[], of: (task: ReadyTask) => number): number =>
  tasks.reduce((sum, task) => sum + of(task), 0);

describe('the ledger', () => {
  it('is never exceeded by who asks first, and returns to exactly nothing', () => {
    fc.assert(
      fc.property(limits, fc.array(booking, { maxLength: 100 }), ({ sizes, cpuQuota, memoryQuota, ...global }, bookings) => {
        const pools: readonly PoolSettings[] = NAMES.map((name, i) =>
          poolSettings({ name, maxConcurrency: sizes[i] ?? 1, cpuQuota, memoryQuota, defaultResources: { cpu: 0.1, memory: 64 } }),
        );
        const ledger = new Ledger({ ...global, concurrencyKeys: KEYS, pools });
        let live: { id: RunnerId; task: ReadyTask; pool: (typeof NAMES)[number] }[] = [];
        bookings.forEach(({ release, which, pool: at, limited, spec, ...rest }, n) => {
          const pool = NAMES[at] ?? NAMES[0];
          const gone = live[which % Math.max(1, live.length)];
          if (release && gone !== undefined) {
            ledger.release(gone.id);
            ledger.release(gone.id);
            live = live.filter((one) => one !== gone);
          } else {
            const task = readyTask(`t${n}`, { ...rest, spec: specName(spec), specMaxConcurrency: limited ? SPEC_LIMIT : null });
            const room = ledger.hasRoom;
            if (ledger.generalShortages(task).length === 0 && ledger.poolShortages(task, pool).length === 0) {
              assert.ok(room && ledger.fitsAtAll(task, pool));
              const id = runnerId(`r${n}`);
              ledger.reserve(id, task, pool);
              ledger.reserve(id, task, pool);
              live.push({ id, task, pool });
              const ofSpec = live.filter((one) => one.task.spec === task.spec).length;
              assert.ok(!limited || ofSpec <= SPEC_LIMIT);
            }
          }
          assert.equal(ledger.running, live.length);
          assert.ok(live.length <= Math.min(global.maxGlobalConcurrency, global.slots));
          for (const [key, limit] of [['db', 2], ['unlisted', 1]] as const) {
            assert.ok(live.filter(({ task }) => task.concurrencyKey === key).length <= limit);
          }
          for (const { name, maxConcurrency } of pools) {
            const mine = live.filter((one) => one.pool === name).map(({ task }) => task);
            assert.equal(ledger.use(name).running, mine.length);
            assert.ok(mine.length <= maxConcurrency);
            const close = 1e-2;
            assert.ok(used(mine, ({ cpu }) => cpu ?? 0.1) <= (cpuQuota ?? Infinity) + close);
            assert.ok(used(mine, ({ memory }) => memory ?? 64) <= (memoryQuota ?? Infinity) + close);
            assert.ok(ledger.load(name) <= 1);
          }
        });
        for (const { id } of live) ledger.release(id);
        assert.equal(ledger.running, 0);
        for (const name of NAMES) assert.deepEqual(ledger.use(name), { running: 0, cpu: 0, memory: 0 });
      }),
    );
  });
});
