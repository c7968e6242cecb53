import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { event } from '../../../src/domain/events.ts';
import { specName, taskId } from '../../../src/domain/ids.ts';
import type { DispatcherEvent } from '../../../src/domain/events.ts';
import { ask, must, refused, type Desk, type AtDesk } from './desk.ts';
import { local, succeeded, taskSet } from './samples.ts';

const record = (desk: Desk, ...keys: readonly string[]): Promise<number> => {
  const events = keys.map((key) => ({
    key,
    event: event('PoolTripped', desk.now, 'dispatcher', { pool: local, details: { key, deep: [1, { a: null }] } }),
  }));
  return must(ask((reply) => desk.registry.record({ epoch: desk.epoch, events }, reply)));
};

export const eventsConformance = (atDesk: AtDesk): void => {
  describe('record', () => {
    it('numbers events after all others and tells the last number', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      const seq = await desk.lastSeq();
      assert.equal(await record(desk, 'k1', 'k2'), seq + 2);
      const [first] = await desk.events(seq);
      assert.deepEqual([first?.seq, first?.type, first?.pool], [seq + 1, 'PoolTripped', 'local']);
      assert.deepEqual(first?.details, { key: 'k1', deep: [1, { a: null }] });
      assert.equal(await record(desk), seq + 2);
    }));

    it('stores each key once, however often it comes', atDesk(async (desk) => {
      assert.equal(await record(desk, 'k1', 'k2', 'k1'), 2);
      assert.equal(await record(desk, 'k2', 'k3', 'k1'), 3);
      await desk.takeOffice();
      assert.equal(await record(desk, 'k1', 'k2', 'k3'), 3);
      assert.deepEqual((await desk.events()).map(({ details }) => details['key']), ['k1', 'k2', 'k3']);
    }));
  });

  describe('lastEvent', () => {
    it('tells the number of the latest, 0 before the first', atDesk(async (desk) => {
      const last = (): Promise<number> => must(ask<number>((reply) => desk.registry.lastEvent(reply)));
      assert.equal(await last(), 0);
      await desk.submit(taskSet('s', { a: {} }));
      assert.equal(await last(), (await desk.events()).at(-1)?.seq);
    }));
  });

  describe('events', () => {
    it('are read from a number on, so many, of a set, of a task', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: {} }));
      await desk.submit(taskSet('u', { a: {} }));
      await desk.attempt('s/a', succeeded);
      const read = (query: { spec?: 's' | 'u'; taskId?: 'a' | 'b'; after?: number; limit?: number }) =>
        must<readonly DispatcherEvent[]>(
          ask((reply) =>
            desk.registry.events(
              {
                after: query.after ?? 0,
                limit: query.limit ?? 100,
                ...(query.spec === undefined ? {} : { spec: specName(query.spec) }),
                ...(query.taskId === undefined ? {} : { taskId: taskId(query.taskId) }),
              },
              reply,
            ),
          ),
        );
      assert.deepEqual((await read({ after: 2, limit: 3 })).map(({ seq }) => seq), [3, 4, 5]);
      const ofU = (await read({ spec: 'u' })).map(({ type }) => type);
      assert.deepEqual(ofU, ['TaskSetSubmitted', 'TaskSubmitted', 'TaskReady']);
      const types = (await read({ spec: 's', taskId: 'a' })).map(({ type }) => type);
      const life = ['TaskSubmitted', 'TaskReady', 'TaskAssigned', 'RunnerStarted', 'RunnerCompleted', 'TaskCompleted'];
      assert.deepEqual(types, life);
      assert.deepEqual(await read({ after: 1_000 }), []);
      const error = await refused(ask((reply) => desk.registry.events({ after: 0, limit: 0 }, reply)));
      assert.equal(error.kind, 'invalid');
    }));

    it('are numbered from 1 without a gap, across calls that were refused', atDesk(async (desk) => {
      const set = taskSet('s', Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`t${n}`, {}])));
      const calls: Promise<unknown>[] = [desk.trySubmit(set), desk.trySubmit(taskSet('', {}))];
      for (let n = 0; n < 30; n += 1) {
        const task = `s/t${n}`;
        calls.push(desk.tryClaim(task, 0), desk.tryClaim(task, 0), desk.tryClaim(`s/none${n}`, 0));
        calls.push(desk.tryLaunch(task, 1), desk.tryLaunch(task, 2), desk.trySettle(task, 1, succeeded));
        calls.push(desk.trySettle(task, 1, succeeded), desk.tryClaim(task, 0, desk.epoch + 1));
        if (n % 7 === 0) calls.push(record(desk, `k${n}`, `k${n}`));
        if (n % 5 === 0) await Promise.all(calls.splice(0));
      }
      await Promise.all(calls);
      const events = await desk.events();
      assert.deepEqual(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
      const times = (type: string): number => events.filter((each) => each.type === type).length;
      assert.deepEqual([times('TaskAssigned'), times('TaskCompleted'), times('ReportRefused')], [30, 30, 30]);
    }));
  });
};
