import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { inProject, type Project } from './project.ts';

interface Diagnosis {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly text: string;
  readonly mend: string | null;
}

/** What it finds, and that its exit code says the same. */
const diagnoses = async (project: Project): Promise<readonly Diagnosis[]> => {
  const ended = await project.cli('doctor', '--json');
  const found = JSON.parse(ended.stdout) as readonly Diagnosis[];
  assert.equal(ended.code, found.some(({ status }) => status === 'fail') ? 1 : 0, ended.stdout);
  for (const { status, mend } of found) assert.equal(status === 'ok', mend === null);
  return found;
};

const about = async (project: Project, check: string): Promise<readonly string[]> =>
  (await diagnoses(project)).filter((one) => one.check === check).map(({ status, text, mend }) => `${status}: ${text}; ${mend ?? ''}`);

const POOL = { type: 'local-process', max_concurrency: 8 };
const of = (more: Readonly<Record<string, unknown>>) => ({ rest: { agent_pools: { local: { ...POOL, ...more } } } });

describe('doctor', { concurrency: 4 }, () => {
  test('finds nothing wrong with what works, a line each, before and after the first run', inProject({}, async (project) => {
    const { stdout } = await project.expect(0, 'doctor');
    for (const line of stdout.trimEnd().split('\n')) assert.match(line, /^ok {4}[\w ]+: \S/, stdout);
    for (const check of ['node', 'kernel', 'perl', 'configuration', 'git', 'pool local', 'state_dir', 'slots', 'disk', 'registry', 'dispatcher', 'port']) {
      assert.match(stdout, new RegExp(`^ok {4}${check}: `, 'm'));
    }
    await project.expect(0, 'run', await project.plan('p', [{ id: 'a', command: ['true'] }]));
    const after = await diagnoses(project);
    assert.deepEqual(after.filter(({ status }) => status !== 'ok'), []);
    assert.match(after.find(({ check }) => check === 'registry')?.text ?? '', /registry\.db, whole$/);
  }));

  test('says who works here', inProject({}, async (project) => {
    const start = project.begin('start');
    const { url } = await project.endpoint(start);
    assert.deepEqual(await about(project, 'dispatcher'), [`ok: process ${start.pid} works here, API at ${url}; `]);
    assert.match(String(await about(project, 'port')), /^ok: the dispatcher that works here listens/);
    start.signal('SIGTERM');
    await start.end();
  }));

  test('repeats what is wrong with the configuration', inProject({}, async (project) => {
    await project.write('dispatcher.yaml', 'dispatcher:\n  poll_intervall: 5\n');
    const ended = await project.expect(1, 'doctor');
    assert.match(ended.stdout, /^fail {2}configuration: dispatcher\.yaml:2: .*did you mean "poll_interval"\?/m);
    assert.match(ended.stdout, /^ok {4}perl: /m);
    await project.spawn('rm', ['dispatcher.yaml']).end();
    assert.match(String(await about(project, 'configuration')), /^warn: no file; the defaults apply; write one with: dispatcher init/);
  }));

  test('looks for the commands of pools', inProject(of({ config: { command: ['no-such-agent', '-p'] } }), async (project) => {
    const name = 'pool local';
    assert.match(String(await about(project, name)), /^fail: its command no-such-agent is not on the PATH; install it, or change agent_pools\.local\.config\.command$/);
    await project.configure(of({ config: { command: ['/no/such'] } }));
    assert.match(String(await about(project, name)), /^fail: its command \/no\/such is not there/);
    await project.configure(of({ config: { command: ['sh', '-c', 'true'] } }));
    assert.match(String(await about(project, name)), /^ok: runs \/\S+\/sh; $/);
    chmodSync(await project.write('own/agent', '#!/bin/sh\n'), 0o755);
    await project.configure(of({ config: { command: ['agent'], env: { PATH: project.path('own') } } }));
    assert.match(String(await about(project, name)), /own\/agent; $/);
    await project.configure(of({ config: { command: ['./in/slot'] } }));
    assert.match(String(await about(project, name)), /^ok: runs \.\/in\/slot, from the slot/);
    await project.configure(of({ enabled: false }));
    assert.match(String(await about(project, name)), /^warn: is disabled; /);
    assert.match(String(await about(project, 'skill_mapping')), /^warn: no enabled pool takes tasks of "default"/);
  }));

  test('looks at the repository that workspaces are made of', inProject({}, async (project) => {
    const worktrees = (more: Readonly<Record<string, unknown>>) => ({ rest: { repo_pool: { type: 'git-worktree', base_dir: './slots', slots: 2, ...more } } });
    await project.configure(worktrees({ repo: './nowhere' }));
    assert.match(String(await about(project, 'repository')), /^fail: \S+\/nowhere is not there; /);
    await project.configure(worktrees({ repo: '.' }));
    assert.match(String(await about(project, 'repository')), /^fail: .* is not one that git can use .*; run `git init` there/);
    const git = async (...args: readonly string[]): Promise<void> => {
      assert.equal((await project.spawn('git', ['-c', 'user.name=A', '-c', 'user.email=a@b.c', ...args]).end()).code, 0);
    };
    await git('init', '--quiet');
    assert.match(String(await about(project, 'repository')), /^fail: .* has no commit HEAD; make a first commit$/);
    await git('commit', '--quiet', '--allow-empty', '--message', 'first');
    assert.match(String(await about(project, 'repository')), /^ok: /);
    await project.configure(worktrees({ repo: '.', base: 'release' }));
    assert.match(String(await about(project, 'repository')), /^fail: .* has no commit release; name a branch, tag or commit/);
  }));

  test('looks at folders and who may touch them', inProject({}, async (project) => {
    await project.expect(0, 'run', await project.plan('p', [{ id: 'a', command: ['true'] }]));
    chmodSync(project.path('.dispatcher'), 0o755);
    assert.match(String(await about(project, 'state_dir')), /^warn: others may read \S+; chmod 700 /);
    chmodSync(project.path('.dispatcher'), 0o777);
    assert.match(String(await about(project, 'state_dir')), /^fail: others may write in \S+; chmod go-w /);
    chmodSync(project.path('.dispatcher'), 0o700);
    await project.write('.dispatcher/admin-token', 'x'.repeat(64));
    chmodSync(project.path('.dispatcher', 'admin-token'), 0o644);
    assert.match(String(await about(project, 'admin token')), /^fail: others may read \S+admin-token; /);
    await project.write('file', '');
    await project.configure({ rest: { repo_pool: { type: 'directory', base_dir: './file/slots', slots: 2 } } });
    assert.match(String(await about(project, 'slots')), /^fail: \S+file is not a folder; .*repo_pool\.base_dir/);
  }));

  test('looks into the registry', inProject({}, async (project) => {
    await project.expect(0, 'run', await project.plan('p', [{ id: 'a', command: ['true'] }]));
    const path = project.path('.dispatcher', 'registry.db');
    const db = new DatabaseSync(path);
    db.exec('UPDATE event SET at = at + 86400000 WHERE seq = (SELECT max(seq) FROM event)');
    db.close();
    assert.match(String(await about(project, 'clock')), /^warn: the clock is 2[34]h\S* behind the last event; /);
    chmodSync(path, 0o666);
    assert.match(String(await about(project, 'registry')), /fail: others may write \S+registry\.db; /);
    await project.write('.dispatcher/registry.db', 'not a database at all, but long enough to be read as one'.repeat(40));
    assert.match(String(await about(project, 'registry')), /^fail: registry \S+ not a usable Task Registry/);
    await project.spawn('rm', ['-rf', '.dispatcher/registry.db', '.dispatcher/registry.db-wal', '.dispatcher/registry.db-shm']).end();
    mkdirSync(path);
    assert.match(String(await about(project, 'registry')), /^fail: registry \S+ is a folder; /);
    await project.spawn('rmdir', [path]).end();
  }));

  test('looks whether the port is free', inProject({}, async (project) => {
    const stranger = createServer();
    stranger.listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    try {
      const { port } = stranger.address() as AddressInfo;
      await project.configure({ rest: { server: { port } } });
      assert.match(String(await about(project, 'port')), /^fail: 127\.0\.0\.1:\d+ is taken; set server\.port to another one/);
      await project.configure({ rest: { server: { host: '192.0.2.1', port } } });
      assert.match(String(await about(project, 'port')), /^fail: cannot listen on 192\.0\.2\.1:\d+ \(EADDRNOTAVAIL\)/);
    } finally {
      stranger.close();
    }
  }));
});
