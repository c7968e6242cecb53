import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  parseTaskKey,
  registryId,
  runnerIdOf,
  shortRegistryId,
  specName,
  taskId,
  taskKey,
} from '../../../src/domain/ids.ts';

const REGISTRY = registryId('a1b2c3d4-0000-4000-8000-000000000000');
const key = (spec: string, id: string) => taskKey(specName(spec), taskId(id));

describe('a task key', () => {
  it('is set and id around a slash, and comes apart at the first', () => {
    assert.equal(key('build', 'a/b'), 'build/a/b');
    assert.deepEqual(parseTaskKey('build/a/b'), { spec: 'build', id: 'a/b', key: 'build/a/b' });
  });

  for (const text of ['', 'build', '/a', 'build/', '/']) {
    it(`is not ${JSON.stringify(text)}`, () => {
      assert.equal(parseTaskKey(text), null);
    });
  }
});

describe('a runner id', () => {
  it('names registry, task and attempt', () => {
    assert.equal(shortRegistryId(REGISTRY), 'a1b2c3d4');
    assert.equal(runnerIdOf(REGISTRY, key('build', 'compile'), 1), 'a1b2c3d4-build-compile-1');
  });

  it('tells tasks apart whose names look alike once they are made into a label', () => {
    const alike = ['1.1', '1-1', '1_1', '1/1', '1 1', '1.1.', 'ü', 'ä', '-', '--', 'A', 'a'];
    const ids = alike.map((id) => runnerIdOf(REGISTRY, key('x', id), 1));
    assert.equal(new Set(ids).size, alike.length);
    assert.notEqual(runnerIdOf(REGISTRY, key('a-b', 'c'), 1), runnerIdOf(REGISTRY, key('a', 'b-c'), 1));
  });

  it('stays a label for the longest names', () => {
    const id = runnerIdOf(REGISTRY, key('s'.repeat(200), 'i'.repeat(200)), 999_999);
    assert.ok(id.length <= 63);
    assert.notEqual(id, runnerIdOf(REGISTRY, key('s'.repeat(200), `${'i'.repeat(199)}j`), 999_999));
  });
});
