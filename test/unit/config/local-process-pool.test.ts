import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Configuration } from '../../../src/config/configuration.ts';
import { formatInputErrors } from '../../../src/config/input-error.ts';
import { loadConfiguration } from '../../../src/config/load-configuration.ts';
import type { UserAccounts } from '../../../src/config/user-accounts.ts';
import type { LocalProcessEngine, RunUser } from '../../../src/domain/engine-settings.ts';

const cwd = mkdtempSync(join(tmpdir(), 'local-pool-'));
after(() => rmSync(cwd, { recursive: true }));

const AGENT: RunUser = { name: 'agent', uid: 1001, gid: 1001, groups: [1001, 27], home: '/home/agent', shell: '/bin/bash' };

const machineOf = (own: number): UserAccounts => ({ own, find: (name) => (name === 'agent' || name === '1001' ? AGENT : null) });

type Pool = Readonly<Record<string, unknown>>;

const load = (pool: Pool, own: number, rest: Pool = {}) => {
  writeFileSync(join(cwd, 'dispatcher.yaml'), JSON.stringify({ agent_pools: { p: { type: 'local-process', ...pool } }, ...rest }));
  return loadConfiguration({ cwd, env: { HOME: '/home/me' }, accounts: machineOf(own) });
};

const accepted = (pool: Pool, own = 0, rest: Pool = {}): Configuration => {
  const loaded = load(pool, own, rest);
  assert.ok(loaded.ok, loaded.ok ? '' : formatInputErrors(loaded.error).join('\n'));
  return loaded.value;
};

const engineOf = (pool: Pool, own = 0): LocalProcessEngine => {
  const engine = accepted(pool, own).pools[0]?.engine;
  assert.ok(engine?.type === 'local-process');
  return engine;
};

const complaint = (pool: Pool, own = 0): string => {
  const loaded = load(pool, own);
  assert.ok(!loaded.ok, 'it was accepted');
  return formatInputErrors(loaded.error).join('\n').replace('dispatcher.yaml:1: agent_pools.p.', '');
};

describe('a local pool', () => {
  it('is plain unless it says otherwise, also where it names the user that the dispatcher is', () => {
    for (const pool of [{}, { nice: 0 }, { enforce_limits: false, config: { resources: { memory_limit: 512 } } }]) {
      assert.deepEqual(engineOf(pool), { type: 'local-process' });
    }
    assert.deepEqual(engineOf({ user: 'agent' }, 1001), { type: 'local-process' });
  });

  it('may name a user by name, by uid, or by uid and gid', () => {
    for (const user of ['agent', '1001', 1001, '1001:1001']) assert.deepEqual(engineOf({ user }).confinement?.user, AGENT);
    assert.deepEqual(engineOf({ user: '1001:5' }).confinement?.user, { ...AGENT, gid: 5, groups: [5] });
    assert.deepEqual(engineOf({ user: '77:78' }).confinement?.user, { name: '77', uid: 77, gid: 78, groups: [78], home: '/', shell: '/bin/sh' });
  });

  it('may have a sandbox, with paths from the configuration or from the home of whoever runs there', () => {
    const plain = { type: 'bubblewrap', network: 'host', hidden: [], readOnly: [], writable: [] };
    assert.deepEqual(engineOf({ sandbox: 'bubblewrap' }).confinement?.sandbox, plain);
    const sandbox = { type: 'bubblewrap', network: 'none', hidden: ['~/.ssh', '/etc/x'], read_only: ['data'], writable: ['~'] };
    assert.deepEqual(engineOf({ sandbox }).confinement?.sandbox, {
      ...plain, network: 'none', hidden: ['/home/me/.ssh', '/etc/x'], readOnly: [join(cwd, 'data')], writable: ['/home/me'],
    });
    assert.deepEqual(engineOf({ sandbox, user: 'agent' }).confinement?.sandbox?.writable, ['/home/agent']);
  });

  it('enforces limits where it names some, or says so', () => {
    assert.deepEqual(engineOf({ enforce_limits: true }).confinement?.limits, { cpu: null, memory: null });
    assert.deepEqual(engineOf({ config: { resources: { memory_limit: '1Gi' } } }).confinement?.limits, { cpu: null, memory: 1024 });
    assert.equal(engineOf({ nice: 5 }).confinement?.limits, null);
  });

  it('is told of when its runners could not commit', () => {
    const rest = { repo_pool: { type: 'git-worktree', repo: '.' } };
    const notes = (pool: Pool) => accepted(pool, 0, rest).notes.filter((note) => note.includes('worktree'));
    assert.equal(notes({ sandbox: 'bubblewrap' }).length, 1);
    assert.deepEqual(notes({ nice: 3 }), []);
  });

  for (const [pool, own, line] of [
    [{ user: 'nobody-here' }, 0, 'user: there is no user "nobody-here" on this machine; make one, or name another'],
    [{ user: 4711 }, 0, 'user: no user of this machine has the uid 4711; write "uid:gid", or name another user'],
    [{ user: 'agent' }, 1000, 'user: only a dispatcher that is root can start runners as "agent", and this is uid 1000; start it as root, or take user out'],
    [{ user: '-x' }, 0, 'user: found "-x"; expected a user: its name, uid or "uid:gid"'],
    [{ sandbox: 'firejail' }, 0, 'sandbox: found "firejail"; expected one of bubblewrap'],
    [{ sandbox: { type: 'bubblewrap', network: 'some' } }, 0, 'sandbox.network: found "some"; expected one of host, none'],
    [{ sandbox: { type: 'bubblewrap', writeable: [] } }, 0, 'sandbox.writeable: unknown key "writeable"; expected one of type, network, hidden, read_only, writable; did you mean "writable"?'],
    [{ sandbox: { type: 'bubblewrap', hidden: '/x' } }, 0, 'sandbox.hidden: found "/x"; expected a list of paths; write ["~/.npm"]'],
    [{ sandbox: [] }, 0, 'sandbox: found a list; expected bubblewrap, or a mapping with type: bubblewrap'],
    [{ nice: 20 }, 0, 'nice: found 20; expected a whole number from 0 to 19'],
    [{ type: 'docker', config: { image: 'x' }, user: 'agent' }, 0, 'user: user means nothing to a pool of type docker; take it out, or put it under config'],
    [{ type: 'docker', config: { image: 'x' }, sandbox: 'bubblewrap' }, 0, 'sandbox: sandbox means nothing to a pool of type docker; take it out'],
  ] as const) {
    it(`is refused with ${JSON.stringify(pool)} by uid ${own}`, () => assert.equal(complaint(pool, own), line));
  }
});
