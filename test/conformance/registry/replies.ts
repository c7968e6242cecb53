import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { specName } from '../../../src/domain/ids.ts';
import { ask, must, refused, type AtDesk } from './desk.ts';
import { holder, key, taskSet } from './samples.ts';

export const repliesConformance = (atDesk: AtDesk): void => {
  describe('replies', () => {
    it('come once, in the order of the calls, and never inside a call', atDesk(async (desk) => {
      const { registry } = desk;
      const answered: string[] = [];
      let inside = true;
      const note = (name: string) => (): void => {
        assert.equal(inside, false, `${name} was answered inside a call`);
        answered.push(name);
      };
      registry.takeOffice({ holder, at: 1 }, note('takeOffice'));
      registry.submit(
        { set: taskSet('s', { a: {} }), changedDone: 'keep', fresh: false, actor: 'api', at: 1 },
        note('submit'),
      );
      registry.changes({ cursor: null, limit: 1 }, note('changes'));
      registry.changes({ cursor: null, limit: 0 }, note('refused'));
      registry.record({ epoch: 0, events: [] }, note('fenced'));
      registry.openAttempts(note('openAttempts'));
      registry.task(key('s/none'), note('notFound'));
      registry.events({ after: 0, limit: 1 }, note('events'));
      const last = ask((reply) => registry.counts(specName('s'), reply));
      inside = false;
      await last;
      const names = ['takeOffice', 'submit', 'changes', 'refused', 'fenced', 'openAttempts', 'notFound', 'events'];
      assert.deepEqual(answered, names);
    }));

    it('to calls before close all come, later ones are permanent, and closing twice is fine', atDesk(async (desk) => {
      const before = desk.trySubmit(taskSet('s', { a: {} }));
      const closed = ask<null>((reply) => desk.registry.close(reply));
      const after = desk.tryClaim('s/a', 0);
      assert.equal((await must(before)).accepted, true);
      const error = await refused(after);
      assert.equal(error.kind, 'permanent');
      assert.match(error.message, /closed/);
      assert.equal(await must(closed), null);
      assert.equal(await desk.close(), null);
      assert.equal((await refused(desk.tryClaim('s/a', 0))).kind, 'permanent');
    }));
  });
};
