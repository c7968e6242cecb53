import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it, mock } from 'node:test';
import { systemEntropy } from '../../../src/platform/entropy.ts';
import { createInbox } from '../../../src/platform/inbox.ts';
import { holderOfThisProcess, parseStat, systemProcessTable } from '../../../src/platform/process-table.ts';
import { systemClock } from '../../../src/platform/system-clock.ts';

const DAY = 86_400_000;
/** What one timer of Node takes at most. */
const LINK = 2 ** 31 - 1;

describe('the system clock', () => {
  it('keeps delays longer than a timer can, and cancels them in any link of the chain', () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const clock = systemClock();
      const fired: string[] = [];
      clock.setTimeout(() => fired.push('sixty days'), 60 * DAY);
      const cancelled = clock.setTimeout(() => fired.push('cancelled'), 60 * DAY);
      clock.setTimeout(() => fired.push('never'), Number.POSITIVE_INFINITY);
      // Link by link: within one tick the mock counts what is armed anew from the end of the tick.
      mock.timers.tick(LINK);
      clock.clearTimeout(cancelled);
      mock.timers.tick(LINK);
      mock.timers.tick(60 * DAY - 2 * LINK - 1);
      assert.deepEqual(fired, []);
      mock.timers.tick(1);
      assert.deepEqual(fired, ['sixty days']);
    } finally {
      mock.timers.reset();
    }
  });

  it('never goes back, takes no offence at a foreign id, and refuses what is no number', () => {
    const clock = systemClock();
    const before = clock.monotonic();
    assert.ok(clock.monotonic() >= before);
    assert.ok(Math.abs(clock.wall() - Date.now()) < DAY);
    clock.clearTimeout(undefined);
    assert.throws(() => clock.setTimeout(() => {}, Number.NaN), RangeError);
  });
});

describe('the inbox', () => {
  it('delivers in order, later, and all although one throws', async () => {
    const errors: unknown[] = [];
    const delivered: number[] = [];
    const inbox = createInbox((error) => errors.push(error));
    const { promise, resolve } = Promise.withResolvers<void>();
    const failure = new Error('bad delivery');
    for (let i = 0; i < 5; i += 1) {
      inbox.post(() => {
        if (i === 2) throw failure;
        delivered.push(i);
        if (i === 0) inbox.post(() => {
          delivered.push(10);
          resolve();
        });
      });
    }
    assert.deepEqual(delivered, []);
    await promise;
    assert.deepEqual(delivered, [0, 1, 3, 4, 10]);
    assert.deepEqual(errors, [failure]);
  });
});

describe('entropy', () => {
  it('draws from [0, 1) and not the same twice', () => {
    const entropy = systemEntropy();
    const draws = Array.from({ length: 2_000 }, () => entropy.draw('key'));
    assert.ok(draws.every((draw) => draw >= 0 && draw < 1));
    assert.equal(new Set(draws).size, draws.length);
    assert.ok(Math.max(...draws) > 0.9 && Math.min(...draws) < 0.1);
  });
});

describe('the process table', () => {
  const table = systemProcessTable();

  it('reads past any name a program may have', () => {
    const rest = `S 7 8 9 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 100 ${'0 '.repeat(30)}`;
    for (const name of ['(sh)', '(a) S 1 (b))', '(with blank)', '())', '(new\nline)']) {
      assert.deepEqual(parseStat(`123 ${name} ${rest}`), {
        pid: 123, ppid: 7, pgrp: 8, session: 9, state: 'S', startTime: '4242', cpuMs: 260,
      });
    }
    assert.equal(parseStat(''), null);
  });

  it('knows this process, and that a pid with another start time is another', () => {
    const me = table.find(process.pid);
    assert.equal(me?.ppid, process.ppid);
    assert.ok(table.isAlive(process.pid, me?.startTime ?? ''));
    assert.equal(table.isAlive(process.pid, '1'), false);
    assert.match(table.environment(process.pid) ?? '', /(^|\0)PATH=/);
    assert.match(table.bootId(), /^[0-9a-f-]{36}$/);
    const { pid, startTime, bootId } = holderOfThisProcess();
    assert.deepEqual([pid, startTime, bootId], [process.pid, me?.startTime, table.bootId()]);
  });

  it('signals the process that is meant, and no other', async () => {
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    const pid = child.pid ?? 0;
    const startTime = table.find(pid)?.startTime ?? '';
    assert.ok((await table.scan()).some((entry) => entry.pid === pid && entry.startTime === startTime));
    assert.equal(table.signal(pid, '1', 'SIGKILL'), false);
    assert.equal(table.isAlive(pid, startTime), true);
    assert.equal(table.signal(pid, startTime, 'SIGKILL'), true);
    await once(child, 'exit');
    assert.equal(table.isAlive(pid, startTime), false);
    assert.equal(table.signal(pid, startTime, 'SIGKILL'), false);
    for (const unwise of [1, 0, -1]) assert.equal(table.signal(unwise, '0', 'SIGCONT'), false);
  });
});
