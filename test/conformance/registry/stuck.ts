import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StuckReport } from '../../../src/domain/deadlock.ts';
import { ask, must, type AtDesk, type Desk } from './desk.ts';
import { failedForGood, key, succeeded, taskSet } from './samples.ts';

const ALL = 1_000;

const stuck = (desk: Desk, names = ALL): Promise<StuckReport> => must(ask((reply) => desk.registry.stuck({ names }, reply)));

/** `kind path: count names` of each finding. */
const told = ({ deadlocks }: StuckReport): readonly string[] =>
  deadlocks.map(({ kind, path, heldUp }) => `${kind} ${path.join('>')}: ${heldUp.count} ${heldUp.first.join(' ')}`);

const shapesOf = ({ shapes }: StuckReport) =>
  shapes.map(({ requiredSkill, cpu, memory, heldUp }) => [requiredSkill, cpu, memory, heldUp.count, heldUp.first]);

export const stuckConformance = (atDesk: AtDesk): void => {
  describe('stuck', () => {
    it('finds nothing where everything can still go on', atDesk(async (desk) => {
      assert.deepEqual(await stuck(desk), { deadlocks: [], stuck: 0, shapes: [] });
      await desk.submit(taskSet('s', { a: {}, b: { needs: ['a'] }, c: { needs: ['b'] } }));
      const report = await stuck(desk);
      assert.deepEqual([report.deadlocks, report.stuck], [[], 0]);
    }));

    it('names what failed, was cancelled or does not exist, and all that wait for it', atDesk(async (desk) => {
      await desk.submit(taskSet('s', {
        f: {}, c: {}, fine: {},
        one: { needs: ['f'] }, two: { needs: ['one', 'c'] }, three: { needs: ['two', 'other/x'] }, four: { needs: ['fine'] },
      }));
      await desk.attempt('s/f', failedForGood);
      await desk.operate('s/c', { kind: 'cancel', reason: null });
      const report = await stuck(desk);
      assert.deepEqual(told(report).toSorted(), [
        'cancelled s/c: 2 s/two s/three',
        'failed s/f: 3 s/one s/two s/three',
        'missing other/x: 1 s/three',
      ]);
      assert.equal(report.stuck, 3, 'each once, whatever holds it up');
      const few = await stuck(desk, 1);
      assert.ok(told(few).includes('failed s/f: 3 s/one'), 'the nearest one, and how many there are');
    }));

    it('names a cycle by its shortest way round, with those behind it', atDesk(async (desk) => {
      const ring = { a: { needs: ['b'] }, b: { needs: ['c'] }, c: { needs: ['a', 'b'] }, self: { needs: ['self'] } };
      await desk.submit(taskSet('s', { ...ring, behind: { needs: ['a'] }, fine: {} }));
      const report = await stuck(desk);
      const cycles = report.deadlocks.map(({ path, heldUp }) => [path.join(' '), heldUp.first.toSorted().join(' ')]);
      assert.deepEqual(cycles.toSorted(([a = ''], [b = '']) => a.localeCompare(b)), [['s/b s/c s/b', 's/a s/b s/behind s/c'], ['s/self s/self', 's/self']]);
      assert.equal(report.stuck, 5);
    }));

    it('is resolved by whatever a person does about it', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { f: {}, a: { needs: ['f'] }, x: { needs: ['y'] }, y: { needs: ['x'] }, m: { needs: ['other/x'] } }));
      await desk.attempt('s/f', failedForGood);
      assert.equal((await stuck(desk)).deadlocks.length, 3);
      await desk.operate('s/f', { kind: 'retry', reason: null });
      assert.deepEqual(told(await stuck(desk)).map((line) => line.slice(0, line.indexOf(' '))).toSorted(), ['cycle', 'missing']);
      await desk.operate('s/x', { kind: 'dropDependency', dependency: key('s/y') });
      assert.deepEqual(told(await stuck(desk)), ['missing other/x: 1 s/m']);
      await desk.submit(taskSet('other', { x: {} }));
      assert.deepEqual(told(await stuck(desk)), []);
      await desk.attempt('s/f', failedForGood, 1);
      assert.deepEqual(told(await stuck(desk)), ['failed s/f: 1 s/a']);
      await desk.operate('s/f', { kind: 'skip', reason: null });
      assert.deepEqual(told(await stuck(desk)), []);
    }));

    it('takes an optional task that failed for no hindrance, and who does not wait any more for nobody', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { o: { optional: true }, f: {}, a: { needs: ['o'] }, b: { needs: ['f'] } }));
      await desk.attempt('s/o', failedForGood);
      await desk.attempt('s/f', failedForGood);
      await desk.operate('s/b', { kind: 'cancel', reason: null });
      assert.deepEqual((await stuck(desk)).deadlocks, []);
    }));

    it('is resolved where a plan says that a task of the circle is done', atDesk(async (desk) => {
      const ring = { a: { needs: ['b'] }, b: { needs: ['a'] } };
      await desk.submit(taskSet('s', ring));
      assert.equal((await stuck(desk)).stuck, 2);
      const set = taskSet('s', ring);
      await desk.submit({ ...set, done: set.tasks.slice(0, 1).map(({ id }) => id) });
      assert.equal((await stuck(desk)).stuck, 0);
    }));

    it('counts what has not begun by what it asks for, groups left out', atDesk(async (desk) => {
      const big = { requiredSkill: 'gpu', resources: { cpu: 8, memory: null } };
      await desk.submit(taskSet('s', { a: big, b: { ...big, needs: ['a'] }, c: {}, all: { group: true, needs: ['a', 'b', 'c'] } }));
      assert.deepEqual(shapesOf(await stuck(desk)), [['gpu', 8, null, 2, ['s/a', 's/b']], [null, null, null, 1, ['s/c']]]);
      await desk.attempt('s/c', succeeded);
      assert.deepEqual(shapesOf(await stuck(desk, 1)), [['gpu', 8, null, 2, ['s/a']]]);
    }));
  });
};
