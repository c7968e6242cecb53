import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { inProject, type Project } from './project.ts';

const COMMANDS: readonly (readonly string[])[] = [['run', 'p.json'], ['submit', 'p.json'], ['status']];

const assertRefused = async (project: Project, says: RegExp): Promise<void> => {
  await project.plan('p', [{ id: 'a', command: ['true'] }]);
  for (const args of COMMANDS) {
    const ended = await project.expect(2, ...args);
    assert.match(ended.stderr, /^error: registry [^\n]+\n$/, args.join(' '));
    assert.match(ended.stderr, says, args.join(' '));
    assert.equal(ended.stdout, '');
  }
};

describe('a registry that cannot be used: one line, exit 2, left as it is', { concurrency: 4 }, () => {
  test('garbage', inProject({}, async (project) => {
    const garbage = 'this is no database, but somebody may want it\n'.repeat(100);
    await project.write('.dispatcher/registry.db', garbage);
    await assertRefused(project, /not a usable Task Registry .*; move the file away/);
    assert.equal(project.read('.dispatcher/registry.db'), garbage);
  }));

  test('a database that is broken in the middle', inProject({}, async (project) => {
    const tasks = Array.from({ length: 300 }, (_, i) => ({ id: `t${i}`, command: ['true'] }));
    await project.expect(0, 'submit', await project.plan('p', tasks));
    const path = project.path('.dispatcher/registry.db');
    const db = new DatabaseSync(path);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
    const bytes = Buffer.from(project.read('.dispatcher/registry.db'), 'latin1');
    writeFileSync(path, bytes.fill(0x5a, 0, 2048));
    await assertRefused(project, /not a usable Task Registry/);
  }));

  test('the database of another program', inProject({}, async (project) => {
    mkdirSync(project.path('.dispatcher'));
    const db = new DatabaseSync(project.path('.dispatcher/registry.db'));
    db.exec('CREATE TABLE customers (name TEXT); INSERT INTO customers VALUES (1)');
    db.close();
    await assertRefused(project, /registry\.db/);
    const again = new DatabaseSync(project.path('.dispatcher/registry.db'), { readOnly: true });
    assert.deepEqual(again.prepare('SELECT name FROM sqlite_schema').all().map((row) => row['name']), ['customers']);
    again.close();
  }));

  test('a newer schema', inProject({}, async (project) => {
    await project.expect(0, 'submit', await project.plan('p', [{ id: 'a', command: ['true'] }]));
    const db = new DatabaseSync(project.path('.dispatcher/registry.db'));
    db.exec('PRAGMA user_version = 9999');
    db.close();
    await assertRefused(project, /newer/);
  }));

  test('a folder', inProject({}, async (project) => {
    mkdirSync(project.path('.dispatcher/registry.db'), { recursive: true });
    await assertRefused(project, /is a folder; name a file in it/);
  }));

  test('a place that is a file', inProject({ rest: { registry: { path: './taken/registry.db' }, state_dir: './state' } }, async (project) => {
    await project.write('taken', 'a file');
    await project.plan('p', [{ id: 'a', command: ['true'] }]);
    const ended = await project.expect(2, 'run', 'p.json');
    assert.match(ended.stderr, /^error: [^\n]*taken[^\n]*\n$/);
  }));
});

describe('what else may be wrong on the disk', { concurrency: 4 }, () => {
  test('the admin token is a folder: the API is missed, the work is done', inProject({}, async (project) => {
    mkdirSync(project.path('.dispatcher/admin-token'), { recursive: true });
    const run = await project.expect(0, 'run', await project.plan('p', [{ id: 'a', command: ['true'] }]));
    assert.match(run.stderr, /^warning: no API: [^\n]+\n$/);
    assert.deepEqual(await project.states(), { 'p/a': 'done' });
  }));

  test('the named port is taken: a warning with the mend, the work is done', inProject({}, async (project) => {
    const start = project.begin('start');
    const { url } = await project.endpoint(start);
    await project.configure({ rest: { registry: { path: './other/registry.db' }, server: { port: Number(new URL(url).port) } } });
    const run = await project.expect(0, 'run', await project.plan('p', [{ id: 'a', command: ['true'] }]));
    assert.match(run.stderr, /^warning: port \d+ on 127\.0\.0\.1 is taken; [^\n]+\n$/);
    start.signal('SIGTERM');
    await start.end();
  }));

  test('a slot holds what cannot be removed at once, links and locked folders: it is emptied, and nothing beyond it', inProject(
    { dispatcher: { max_global_concurrency: 1 } },
    async (project) => {
      await project.write('precious/file', 'keep me');
      const mess = 'ln -s "$1" link; mkdir -p locked/inside; touch locked/inside/file .hidden; chmod 500 locked/inside; chmod 500 locked';
      const file = await project.plan('p', [
        { id: 'mess', command: ['sh', '-c', mess, 'sh', project.path('precious')] },
        { id: 'after', dependencies: ['mess'], command: ['sh', '-c', '[ -z "$(ls -A)" ]'] },
      ]);
      await project.expect(0, 'run', file);
      assert.equal(project.read('precious/file'), 'keep me');
      chmodSync(project.path('slots'), 0o700);
    },
  ));
});
