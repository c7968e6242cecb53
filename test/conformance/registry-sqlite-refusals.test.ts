import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { refused, type Desk } from './registry/desk.ts';
import { taskSet } from './registry/samples.ts';
import { deskOf, newPath, refusedToRead, refusedToWrite, tryOpen } from './registry/sqlite-files.ts';

describe('SQLite registry: what it cannot open', () => {
  const withFile = (content: string | Uint8Array): string => {
    const path = newPath();
    mkdirSync(join(path, '..'));
    writeFileSync(path, content);
    return path;
  };

  it('a file that is no database', async () => {
    const path = withFile('this is not a database, whatever its name says. '.repeat(100));
    for (const error of [await refusedToWrite(path), await refusedToRead(path)]) {
      assert.equal(error.kind, 'permanent');
      assert.match(error.message, /^registry \/.*registry\.db: not a usable Task Registry .*; move the file away/);
    }
    assert.match(readFileSync(path, 'utf8'), /^this is not a database/);
  });

  it('a registry that was overwritten in the middle', async () => {
    const path = newPath();
    const desk = await deskOf(tryOpen(path));
    await desk.takeOffice();
    await desk.submit(taskSet('s', Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`t${n}`, {}]))));
    await desk.close();
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4_096, bytes.length);
    writeFileSync(path, bytes);
    const result = await tryOpen(path);
    const errors = result.ok ? await damaged(await deskOf(Promise.resolve(result))) : [result.error];
    for (const error of errors) {
      assert.equal(error.kind, 'permanent');
      assert.match(error.message, /not a usable Task Registry .*move the file away/);
    }
  });

  it('a database of another program, which it leaves as it is', async () => {
    const path = newPath();
    mkdirSync(join(path, '..'));
    const db = new DatabaseSync(path);
    db.exec('CREATE TABLE mine (x)');
    db.close();
    const before = readFileSync(path);
    for (const error of [await refusedToWrite(path), await refusedToRead(path)]) {
      assert.equal(error.kind, 'permanent');
      assert.match(error.message, /is a SQLite database of another program; name another file in registry\.path/);
    }
    assert.deepEqual(readFileSync(path), before);
  });

  it('a newer schema', async () => {
    const path = newPath();
    await (await deskOf(tryOpen(path))).close();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    for (const error of [await refusedToWrite(path), await refusedToRead(path)]) {
      assert.equal(error.kind, 'permanent');
      assert.match(error.message, /schema version 99, written by a newer dispatcher; .* upgrade the dispatcher/);
    }
  });

  it('a folder', async () => {
    const path = newPath();
    mkdirSync(path, { recursive: true });
    for (const error of [await refusedToWrite(path), await refusedToRead(path)]) {
      assert.equal(error.kind, 'permanent');
      assert.match(error.message, /registry\.db is a folder; name a file in it/);
    }
  });

  it('a place below a regular file', async () => {
    const path = join(withFile('a file'), 'registry.db');
    const error = await refusedToWrite(path);
    assert.equal(error.kind, 'permanent');
    assert.match(error.message, /its folder cannot be made \(.*\); make it, or name another place in registry\.path/);
    assert.equal((await refusedToRead(path)).kind, 'permanent');
  });

  it('and frees the lock after a failure, so that the mend is enough', async () => {
    const path = withFile('rubbish '.repeat(1_000));
    await refusedToWrite(path);
    rmSync(path);
    await (await deskOf(tryOpen(path))).close();
  });
});

/** Everything that a damaged registry answers to calls that have to read or write its tables. */
const damaged = async (desk: Desk) => {
  const errors = [
    await refused(desk.trySubmit(taskSet('s', { new: {} }))),
    await refused(desk.tryClaim('s/t1', 0)),
  ];
  await desk.close();
  return errors;
};
