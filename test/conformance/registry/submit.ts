import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { taskId } from '../../../src/domain/ids.ts';
import type { TaskDefinition, TaskSet } from '../../../src/domain/task.ts';
import { refused, type AtDesk } from './desk.ts';
import { definition, key, succeeded, taskSet } from './samples.ts';

export const submitConformance = (atDesk: AtDesk): void => {
  describe('submit', () => {
    it('adds tasks, ready or blocked by what they depend on, in the order written', atDesk(async (desk) => {
      const report = await desk.submit(taskSet('s', { test: { needs: ['compile'] }, compile: {}, lint: {} }));
      assert.equal(report.accepted, true);
      assert.equal(report.spec, 's');
      assert.deepEqual(report.added, ['s/test', 's/compile', 's/lint']);
      const { tasks } = await desk.tasks();
      assert.deepEqual(tasks.map(({ id, state }) => `${id} ${state}`), ['test blocked', 'compile ready', 'lint ready']);
      assert.deepEqual(await desk.story(), [
        'TaskSetSubmitted',
        'TaskSubmitted test',
        'TaskSubmitted compile',
        'TaskReady compile',
        'TaskSubmitted lint',
        'TaskReady lint',
      ]);
    }));

    it('tells who did it and what came of it', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: {} }));
      const [told] = await desk.events();
      assert.equal(told?.actor, 'user:ada');
      assert.equal(told.spec, 's');
      assert.deepEqual(told.details, {
        added: 1,
        replaced: 0,
        unchanged: 0,
        cancelled: 0,
        untouched: 0,
        changed_done: 0,
        marked_done: 0,
        actor: 'user:ada',
      });
    }));

    it('keeps a definition as it was given', atDesk(async (desk) => {
      const set = taskSet('s', {
        a: { needs: ['b', 'b'], env: { Z: '1', A: '2' }, metadata: { deep: [{ y: null, x: 'ü "' }] }, priority: -3 },
        b: { retry: { maxAttempts: 5 }, resources: { cpu: 0.5, memory: 64 } },
      });
      await desk.submit(set);
      assert.deepEqual((await desk.detail('s/a')).definition, set.tasks[0]);
      assert.deepEqual((await desk.detail('s/b')).definition, set.tasks[1]);
    }));

    it('counts a dependency named twice once', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: { needs: ['b', 'b'] }, b: {} }));
      await desk.attempt('s/b', succeeded);
      assert.equal(await desk.state('s/a'), 'ready');
    }));

    it('takes a dependency on another set that does not exist yet, and satisfies it later', atDesk(async (desk) => {
      await desk.submit(taskSet('app', { a: { needs: ['base/x'] } }));
      assert.deepEqual((await desk.view('app/a')).dependencies, [{ key: 'base/x', state: 'missing' }]);
      await desk.submit(taskSet('base', { x: {} }));
      assert.deepEqual((await desk.view('app/a')).dependencies, [{ key: 'base/x', state: 'ready' }]);
      assert.equal(await desk.state('app/a'), 'blocked');
      const report = await desk.attempt('base/x', succeeded);
      assert.equal(report.news, true);
      assert.equal(await desk.state('app/a'), 'ready');
    }));

    it('is ready at once where all dependencies are done already', atDesk(async (desk) => {
      await desk.submit(taskSet('base', { x: {} }));
      await desk.attempt('base/x', succeeded);
      await desk.submit(taskSet('app', { a: { needs: ['base/x'] } }));
      assert.equal(await desk.state('app/a'), 'ready');
    }));

    it('opens a new run when asked for a fresh one, with dependencies inside it', atDesk(async (desk) => {
      const set = taskSet('s', { a: {}, b: { needs: ['a'] } });
      assert.equal((await desk.submit(set, 'refuse', true)).spec, 's');
      await desk.attempt('s/a', succeeded);
      assert.equal((await desk.submit(set, 'refuse', true)).spec, 's@2');
      assert.equal((await desk.submit(set, 'refuse', true)).spec, 's@3');
      assert.deepEqual((await desk.view('s@2/b')).dependencies, [{ key: 's@2/a', state: 'ready' }]);
      assert.equal(await desk.state('s@2/b'), 'blocked');
      assert.equal(await desk.state('s/a'), 'done');
    }));

    it('accepts a cycle, whose tasks wait for each other', atDesk(async (desk) => {
      await desk.submit(taskSet('s', { a: { needs: ['b'] }, b: { needs: ['a'] }, c: { needs: ['c'] } }));
      assert.equal((await desk.view('s/a')).reason, 'waits for s/b');
      assert.equal((await desk.view('s/c')).reason, 'waits for s/c');
    }));

    it('refuses, writing nothing, what cannot be kept apart, named or stored', atDesk(async (desk) => {
      const loop: Record<string, unknown> = {};
      loop['again'] = loop;
      const a = definition('s', 'a');
      const of = (...tasks: readonly TaskDefinition[]): TaskSet => ({ ...taskSet('s', {}), tasks });
      const cases = [
        { set: of(a, a), says: /task set s: two tasks have the id "a"; rename one/ },
        { set: taskSet('', { a: {} }), says: /task set name "": expected a name/ },
        { set: taskSet('x/y', { a: {} }), says: /task set name "x\/y": expected a name/ },
        { set: of({ ...a, id: taskId('') }), says: /id "": expected one/ },
        { set: of({ ...a, id: taskId('\ud800') }), says: /expected one of whole characters/ },
        { set: of({ ...a, dependencies: [key('b')] }), says: /dependency "b": expected spec\/id/ },
        { set: taskSet('s', { a: { metadata: loop } }), says: /task set s: a task is not plain data/ },
      ];
      for (const { set, says } of cases) {
        const error = await refused(desk.trySubmit(set));
        assert.equal(error.kind, 'invalid');
        assert.match(error.message, says);
        assert.doesNotMatch(error.message, /\n/);
      }
      assert.deepEqual((await desk.tasks()).tasks, []);
      assert.equal(await desk.lastSeq(), 0);
    }));
  });
};
