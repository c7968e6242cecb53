import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { event } from '../../../src/domain/events.ts';
import type { ChangeBatch } from '../../../src/ports/task-registry.ts';
import { ask, must, refused, type AtDesk } from './desk.ts';
import { succeeded, taskSet } from './samples.ts';

export const officeConformance = (atDesk: AtDesk): void => {
  describe('takeOffice', () => {
    it('raises the epoch with every dispatcher', atDesk(async (desk) => {
      const first = desk.epoch;
      assert.equal(await desk.takeOffice(), first + 1);
      assert.equal(await desk.takeOffice(), first + 2);
    }));

    it('refuses every write of the dispatcher before, and its polls, and changes nothing for it', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {}, b: {} }));
      await desk.claim('s/a');
      const old = desk.epoch;
      const seq = await desk.lastSeq();
      await desk.takeOffice();
      const note = { key: 'k', event: event('DispatcherStarted', 1, 'dispatcher') };
      const writes = [
        desk.tryClaim('s/b', 0, old),
        desk.tryLaunch('s/a', 1, false, old),
        desk.trySettle('s/a', 1, succeeded, old),
        ask<number>((reply) => desk.registry.record({ epoch: old, events: [note] }, reply)),
        ask<ChangeBatch>((reply) => desk.registry.changes({ cursor: null, limit: 1, epoch: old }, reply)),
      ];
      for (const write of writes) {
        const error = await refused(write);
        assert.equal(error.kind, 'deposed');
        assert.match(error.message, new RegExp(`epoch ${old} is over: epoch ${desk.epoch} holds the registry`));
      }
      assert.equal(await desk.state('s/a'), 'running');
      assert.equal(await desk.state('s/b'), 'ready');
      assert.equal(await desk.lastSeq(), seq);
      assert.equal((await must(desk.trySettle('s/a', 1, succeeded))).taskState, 'done');
    }));
  });
};
