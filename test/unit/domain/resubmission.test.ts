import assert from 'node:assert/strict';
import { definition as task } from '../../definition.ts';
import { describe, it } from 'node:test';
import { specName, taskId, taskKey } from '../../../src/domain/ids.ts';
import {
  definitionText,
  freshName,
  planResubmission,
  REMOVED_FROM_SET,
  renamed,
  type KnownTask,
} from '../../../src/domain/resubmission.ts';
import type { TaskDefinition, TaskSet, TaskState } from '../../../src/domain/task.ts';

const SPEC = specName('build');
const key = (id: string) => taskKey(SPEC, taskId(id));

const set = (...tasks: readonly TaskDefinition[]): TaskSet => ({
  name: SPEC,
  repo: null,
  weight: 1,
  maxConcurrency: null,
  done: [],
  tasks,
});

const known = (definition: TaskDefinition, state: TaskState, reason: string | null = null): KnownTask => ({
  key: key(definition.id),
  state,
  definition: definitionText(definition),
  reason,
});

const NOTHING = { added: [], replaced: [], unchanged: [], cancelled: [], untouched: [], changedDone: [], markedDone: [] };

describe('submitting a set again', () => {
  it('adds what is new', () => {
    assert.deepEqual(planResubmission([], set(task('a')), 'refuse'), { ...NOTHING, added: [key('a')] });
  });

  for (const state of ['blocked', 'ready', 'running', 'parked', 'done', 'failed', 'cancelled', 'skipped'] as const) {
    it(`leaves a task alone that is ${state} and the same`, () => {
      assert.deepEqual(planResubmission([known(task('a'), state)], set(task('a')), 'refuse'), {
        ...NOTHING,
        unchanged: [key('a')],
      });
    });
  }

  for (const state of ['blocked', 'ready', 'parked', 'failed', 'cancelled', 'skipped'] as const) {
    it(`replaces a changed task that is ${state}`, () => {
      assert.deepEqual(planResubmission([known(task('a'), state)], set(task('a', { priority: 1 })), 'refuse'), {
        ...NOTHING,
        replaced: [key('a')],
      });
    });
  }

  it('does not touch a running task, changed or removed', () => {
    const running = [known(task('a'), 'running'), known(task('b'), 'running')];
    assert.deepEqual(planResubmission(running, set(task('a', { priority: 1 })), 'redo'), {
      ...NOTHING,
      untouched: [key('a'), key('b')],
    });
  });

  it('asks what to do with a task that is done and changed', () => {
    const done = [known(task('a'), 'done')];
    const changed = set(task('a', { priority: 1 }));
    assert.deepEqual(planResubmission(done, changed, 'refuse'), { ...NOTHING, changedDone: [key('a')] });
    assert.deepEqual(planResubmission(done, changed, 'keep'), { ...NOTHING, changedDone: [key('a')] });
    assert.deepEqual(planResubmission(done, changed, 'redo'), { ...NOTHING, replaced: [key('a')] });
  });

  it('cancels what was removed and waits, and forgets what was removed and is over', () => {
    const before = [known(task('a'), 'ready'), known(task('b'), 'blocked'), known(task('c'), 'done')];
    assert.deepEqual(planResubmission(before, set(), 'refuse'), { ...NOTHING, cancelled: [key('a'), key('b')] });
  });

  it('brings back what was removed once and is written again', () => {
    const removed = known(task('a'), 'cancelled', REMOVED_FROM_SET);
    assert.deepEqual(planResubmission([removed], set(task('a')), 'refuse'), { ...NOTHING, replaced: [key('a')] });
  });
});

describe('a definition as text', () => {
  it('does not depend on the order of keys', () => {
    const one = task('a', { env: { A: '1', B: '2' }, metadata: { x: { y: 1, z: 2 } } });
    const other = task('a', { env: { B: '2', A: '1' }, metadata: { x: { z: 2, y: 1 } } });
    assert.equal(definitionText(one), definitionText(other));
    assert.notEqual(definitionText(one), definitionText(task('a', { env: { A: '1' } })));
  });

  it('does depend on the order of arguments', () => {
    const withCommand = (...command: readonly string[]) => definitionText(task('a', { command }));
    assert.notEqual(withCommand('x', 'y'), withCommand('y', 'x'));
  });
});

describe('a fresh run', () => {
  it('takes the next free number', () => {
    assert.equal(freshName(SPEC, []), 'build');
    assert.equal(freshName(SPEC, ['build']), 'build@2');
    assert.equal(freshName(SPEC, ['build', 'build@2', 'build@4']), 'build@3');
  });

  it('takes the dependencies inside the set along, and no others', () => {
    const before = set(task('a'), task('b', { dependencies: [key('a'), taskKey(specName('builder'), taskId('x'))] }));
    const after = renamed(before, specName('build@2'));
    assert.equal(after.name, 'build@2');
    assert.deepEqual(after.tasks[1]?.dependencies, ['build@2/a', 'builder/x']);
  });
});
