import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { TransportedRegistry } from '../../src/registry/core/transported-registry.ts';
import { openRegistry, openRegistryForReading, openRegistryForWriting } from '../../src/registry/open.ts';
import { directTransport } from '../../src/registry/sqlite/direct-transport.ts';
import { SqliteStore } from '../../src/registry/sqlite/sqlite-store.ts';
import { Desk, refused } from './registry/desk.ts';
import { holder, key, succeeded, taskSet } from './registry/samples.ts';
import {
  deskOf,
  firstLine,
  killed,
  leftOver,
  linesOf,
  newPath,
  refusedToRead,
  refusedToWrite,
  start,
  tryOpen,
} from './registry/sqlite-files.ts';

/** What `filling-writer` says. */
interface Filled {
  readonly accepted: number;
  readonly ready: number;
  readonly error: { readonly kind: string; readonly message: string };
}

describe('SQLite registry: what is kept', () => {
  it('is there when it is opened again, its id, epochs, numbers and order included', async () => {
    const path = newPath();
    const first = await deskOf(tryOpen(path));
    const epoch = await first.takeOffice();
    await first.submit(taskSet('s', { a: {}, b: { needs: ['a'] } }));
    await first.attempt('s/a', succeeded);
    const [before, events, { cursor }] = [await first.tasks(), await first.events(), await first.changes(null)];
    await first.close();
    const second = await deskOf(tryOpen(path));
    assert.equal(second.registry.id, first.registry.id);
    assert.match(second.registry.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.deepEqual(await second.tasks(), before);
    assert.deepEqual(await second.events(), events);
    assert.equal(await second.takeOffice(), epoch + 1);
    await second.submit(taskSet('u', { c: {} }));
    assert.deepEqual((await second.changes(cursor)).ready.map((task) => task.key), ['u/c']);
    const numbers = (await second.events()).map(({ seq }) => seq);
    assert.deepEqual(numbers, Array.from({ length: events.length + 3 }, (_, n) => n + 1));
    await second.close();
    assert.deepEqual(readdirSync(join(path, '..')).toSorted(), ['registry.db', 'registry.db.lock']);
  });

  it('is brought up to date when an older program wrote it, and refused to readers until then', async () => {
    const path = newPath();
    const first = await deskOf(tryOpen(path));
    await first.submit(taskSet('s', { a: {}, b: { needs: ['a'] } }));
    await first.close();
    const db = new DatabaseSync(path);
    for (const column of ['"group"', 'cancel_actor', 'cancel_reason', 'expected_ms']) db.exec(`ALTER TABLE task DROP COLUMN ${column}`);
    db.exec('DROP INDEX event_of_throttle; PRAGMA user_version = 1');
    db.close();
    assert.match((await refusedToRead(path)).message, /older schema version 1: start the dispatcher once/);
    const second = await deskOf(tryOpen(path));
    await second.takeOffice();
    await second.attempt('s/a', succeeded);
    await second.operate('s/b', { kind: 'skip', reason: null });
    assert.deepEqual([await second.state('s/a'), await second.state('s/b')], ['done', 'skipped']);
    await second.close();
  });

  it('is everything that was answered, however often the writer is killed -9', { timeout: 120_000 }, async () => {
    const path = newPath();
    const answered = new Set<string>();
    const stops = [1, 37, 120, 211, 305];
    for (const stop of stops) {
      const writer = start('doomed-writer', path);
      const ended = once(writer, 'exit');
      let lines = 0;
      // What it wrote before it died is still read to the end.
      for await (const line of linesOf(writer)) {
        answered.add(line);
        lines += 1;
        if (lines === stop) writer.kill('SIGKILL');
      }
      const [, signal] = (await ended) as [number | null, string | null];
      assert.equal(signal, 'SIGKILL');
      const desk = await deskOf(tryOpen(path));
      const { tasks } = await desk.tasks({ limit: 10_000 });
      const byKey = new Map(tasks.map((task) => [task.key, task]));
      assert.equal(tasks.length, 600);
      for (const line of answered) {
        const [what, task = '', attempt] = line.split(' ');
        const row = byKey.get(key(task));
        if (what === 'settled') assert.equal(row?.state, 'done', `${task} was answered as done`);
        if (what === 'claimed') assert.ok((row?.attempts ?? 0) >= Number(attempt), `${line} was answered`);
      }
      const events = await desk.events();
      assert.deepEqual(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
      const assigned = events.filter(({ type }) => type === 'TaskAssigned').length;
      assert.equal(tasks.reduce((sum, { attempts }) => sum + attempts, 0), assigned);
      await desk.close();
    }
    const last = start('doomed-writer', path);
    const lines: string[] = [];
    for await (const line of linesOf(last)) lines.push(line);
    assert.equal(lines.at(-1), 'idle');
    const desk = await deskOf(openRegistryForReading({ path }));
    assert.equal((await desk.counts()).done, 600);
    const completed = (await desk.events()).filter(({ type }) => type === 'TaskCompleted');
    assert.equal(new Set(completed.map(({ taskId }) => taskId)).size, 600);
    assert.equal(completed.length, 600);
    await desk.close();
  });

  it('stays whole when the disk refuses, and the error says so', async () => {
    const path = newPath();
    // 1 or 2 MB, by shell; beyond it every write fails.
    const child = start('filling-writer', path, 'ulimit -f 2048');
    const ended = once(child, 'exit');
    const said = JSON.parse(await firstLine(child)) as Filled;
    await ended;
    assert.equal(said.error.kind, 'transient');
    assert.match(said.error.message, /^registry .*registry\.db: the disk (fails|is full) \(/);
    assert.ok(said.accepted > 0);
    assert.equal(said.ready, said.accepted * 2);
    const desk = await deskOf(tryOpen(path));
    assert.equal((await desk.counts()).ready, said.ready);
    const events = await desk.events();
    assert.deepEqual(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
    await desk.close();
  });
});

describe('SQLite registry: one dispatcher', () => {
  it('holds it for life: another is told who has it, and gets it once that one is killed -9', async () => {
    const path = newPath();
    const child = start('lock-holder', path, `export HOLDER='{"host":"elsewhere"}'`);
    assert.equal(await firstLine(child), 'holding');
    const result = await openRegistry({ path, synchronous: 'normal', holder });
    assert.equal(result.ok, false);
    assert.equal(result.error.kind, 'unavailable');
    assert.equal(result.error.heldBy?.pid, child.pid);
    assert.equal(result.error.heldBy?.host, 'elsewhere');
    const error = await refusedToWrite(path);
    const who = `process ${child.pid} on elsewhere since 2\\d{3}-`;
    assert.match(error.message, new RegExp(`registry\\.db is in use by ${who}`));
    const reader = await deskOf(openRegistryForReading({ path }));
    assert.deepEqual((await reader.tasks()).tasks, []);
    await reader.close();
    await killed(child);
    await (await deskOf(tryOpen(path))).close();
  });

  it('keeps a second one out of the same process, too, until it is closed', async () => {
    const path = newPath();
    const first = await deskOf(tryOpen(path));
    const error = await refusedToWrite(path);
    assert.match(error.message, new RegExp(`in use by process ${process.pid} on here since 1970-`));
    await first.close();
    await (await deskOf(tryOpen(path))).close();
  });

  it('may be waited for', async () => {
    const path = newPath();
    const child = start('lock-holder', path);
    await firstLine(child);
    const waiting = openRegistryForWriting({ path, synchronous: 'normal', holder, waitMs: 60_000 });
    await killed(child);
    await (await deskOf(waiting)).close();
  });

  it('does not believe a name that is left over from a dead one', async () => {
    const path = newPath();
    const child = start('lock-holder', path);
    await firstLine(child);
    const left = readFileSync(`${path}.holder.json`, 'utf8');
    await killed(child);
    const living = start('lock-holder', path);
    assert.equal(await firstLine(living), 'holding');
    // As if the living one had been caught between its lock and its name.
    writeFileSync(`${path}.holder.json`, left);
    const error = await refusedToWrite(path);
    assert.match(error.message, /in use by another process; stop it first/);
    writeFileSync(`${path}.holder.json`, 'rubbish');
    assert.match((await refusedToWrite(path)).message, /in use by another process/);
    await killed(living);
  });

  it('is fenced by its epoch where the lock was got around', async () => {
    const path = newPath();
    const first = await deskOf(tryOpen(path));
    await first.takeOffice();
    await first.submit(taskSet('s', { a: {}, b: {} }));
    await first.claim('s/a');
    assert.equal((await first.counts()).running, 1);
    const store = SqliteStore.openForWriting({ path, synchronous: 'normal', busyTimeoutMs: 1_000 });
    assert.ok(store.ok);
    const second = new Desk(new TransportedRegistry(store.value.id, directTransport(store.value, 'write', () => {})));
    leftOver(second.registry);
    await second.takeOffice();
    assert.equal((await refused(first.tryClaim('s/b', 0))).kind, 'deposed');
    assert.equal((await refused(first.trySettle('s/a', 1, succeeded))).kind, 'deposed');
    assert.equal((await second.settle('s/a', 1, succeeded)).taskState, 'done');
    await second.claim('s/b');
    // What the first one remembers of its running tasks is void now.
    assert.equal(await first.state('s/a'), 'done');
    assert.deepEqual(await first.counts(), await second.counts());
    await first.takeOffice();
    assert.equal((await refused(first.trySettle('s/a', 1, succeeded))).kind, 'fenced');
    assert.equal((await first.settle('s/b', 1, succeeded)).taskState, 'done');
    assert.equal((await refused(second.trySettle('s/b', 1, succeeded))).kind, 'deposed');
    assert.deepEqual((await second.counts()).done, 2);
    await second.close();
    await first.close();
  });
});

describe('SQLite registry: for reading', () => {
  it('sees what a live dispatcher commits, and changes nothing', async () => {
    const path = newPath();
    const desk = await deskOf(tryOpen(path));
    await desk.takeOffice();
    const reader = await deskOf(openRegistryForReading({ path }));
    assert.equal(reader.registry.id, desk.registry.id);
    reader.epoch = desk.epoch;
    await desk.submit(taskSet('s', { a: {} }));
    assert.equal(await reader.state('s/a'), 'ready');
    assert.equal((await reader.counts()).ready, 1);
    await desk.claim('s/a');
    assert.equal(await reader.state('s/a'), 'running');
    assert.equal((await reader.counts()).running, 1);
    for (const write of [reader.trySubmit(taskSet('u', { b: {} })), reader.trySettle('s/a', 1, succeeded)]) {
      const error = await refused(write);
      assert.equal(error.kind, 'invalid');
      assert.match(error.message, /is open for reading only/);
    }
    await reader.close();
    await desk.close();
  });

  it('is notFound where there is none, and makes none', async () => {
    const path = newPath();
    const error = await refusedToRead(path);
    assert.equal(error.kind, 'notFound');
    assert.match(error.message, /there is no registry at .*registry\.db/);
    mkdirSync(join(path, '..'));
    writeFileSync(path, '');
    assert.equal((await refusedToRead(path)).kind, 'notFound');
    assert.deepEqual(readdirSync(join(path, '..')), ['registry.db']);
  });
});
