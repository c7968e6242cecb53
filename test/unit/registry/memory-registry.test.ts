import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { registryId } from '../../../src/domain/ids.ts';
import { Desk } from '../../conformance/registry/desk.ts';
import { interrupted, taskSet } from '../../conformance/registry/samples.ts';
import { openMemoryRegistry } from '../../../src/registry/memory/open-memory-registry.ts';
import { MemoryTables } from '../../../src/registry/memory/memory-tables.ts';

const id = registryId('6f1d2c3b-0000-4000-8000-000000000000');

describe('the memory registry', () => {
  it('keeps its change feed right through thousands of changes of few tasks', async () => {
    const desk = new Desk(openMemoryRegistry({ id }));
    await desk.submit(taskSet('s', { a: {}, b: {}, c: {} }));
    const first = await desk.changes(null);
    for (let fence = 0; fence < 3_000; fence += 1) {
      await desk.claim('s/b', fence);
      await desk.settle('s/b', fence + 1, interrupted);
    }
    assert.deepEqual((await desk.changes(null)).ready.map((task) => task.key), ['s/a', 's/c', 's/b']);
    const news = await desk.changes(first.cursor);
    assert.deepEqual(news.ready.map((task) => [task.key, task.fence]), [['s/b', 3_000]]);
  });

  it('goes on with the tables of one before, as after a crash', async () => {
    const tables = new MemoryTables();
    const first = new Desk(openMemoryRegistry({ id, tables }));
    await first.takeOffice();
    await first.submit(taskSet('s', { a: {} }));
    await first.claim('s/a');
    const second = new Desk(openMemoryRegistry({ id, tables }));
    await second.takeOffice();
    assert.equal(second.epoch, 2);
    assert.equal(await second.state('s/a'), 'running');
  });

  it('defers its replies through what it is given, in order', async () => {
    const deferred: (() => void)[] = [];
    const registry = openMemoryRegistry({ id, defer: (fn) => deferred.push(fn) });
    const told: string[] = [];
    registry.onNews(() => told.push('news'));
    const request = { set: taskSet('s', { a: {} }), changedDone: 'refuse', fresh: false, actor: 'api', at: 1 } as const;
    registry.submit(request, () => told.push('submit'));
    registry.counts(null, () => told.push('counts'));
    registry.close(() => told.push('close'));
    assert.deepEqual(told, []);
    for (const fn of deferred) fn();
    assert.deepEqual(told, ['submit', 'news', 'counts', 'close']);
  });
});
