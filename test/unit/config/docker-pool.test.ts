import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { formatInputErrors } from '../../../src/config/input-error.ts';
import { loadConfiguration } from '../../../src/config/load-configuration.ts';
import { dockerEngine } from '../../engines.ts';

const cwd = mkdtempSync(join(tmpdir(), 'docker-pool-'));
after(() => rmSync(cwd, { recursive: true }));

const load = (config: Readonly<Record<string, unknown>>, type = 'docker') => {
  writeFileSync(join(cwd, 'dispatcher.yaml'), JSON.stringify({ agent_pools: { box: { type, config } } }));
  return loadConfiguration({ cwd, env: {} });
};

const engineOf = (config: Readonly<Record<string, unknown>>) => {
  const loaded = load(config);
  assert.ok(loaded.ok, loaded.ok ? '' : formatInputErrors(loaded.error).join('\n'));
  return loaded.value.pools[0]?.engine;
};

const complaint = (config: Readonly<Record<string, unknown>>, type?: string): string => {
  const loaded = load(config, type);
  assert.ok(!loaded.ok);
  return formatInputErrors(loaded.error).join('\n').replaceAll('dispatcher.yaml:1: agent_pools.box.', '');
};

describe('a docker pool', () => {
  it('needs an image, and nothing more', () => {
    assert.deepEqual(engineOf({ image: 'tool:1' }), dockerEngine({ image: 'tool:1' }));
    assert.equal(complaint({}), 'config.image: a pool of type docker needs an image; write image: "NAME:TAG"');
  });

  it('takes everything that an engine is told', () => {
    const config = {
      host: 'tcp://127.0.0.1:2375',
      image: 'tool:1',
      pull_policy: 'never',
      resources: { cpu_limit: '500m', memory_limit: '2Gi' },
      gpus: 'all',
      network: 'none',
      volumes: ['./cache:/cache', 'named:/data:ro', '/srv:/srv:rw'],
      secrets: { npm: './npm-token', key: { from_file: '/etc/key' } },
      user: 1000,
      privileged: 'true',
      cap_add: ['NET_BIND_SERVICE'],
      read_only: true,
      pids_limit: 64,
    };
    assert.deepEqual(engineOf(config), {
      type: 'docker',
      host: 'tcp://127.0.0.1:2375',
      image: 'tool:1',
      pullPolicy: 'never',
      limits: { cpu: 0.5, memory: 2048 },
      gpus: 'all',
      network: 'none',
      volumes: [
        { source: join(cwd, 'cache'), target: '/cache', readOnly: false },
        { source: 'named', target: '/data', readOnly: true },
        { source: '/srv', target: '/srv', readOnly: false },
      ],
      secrets: { npm: join(cwd, 'npm-token'), key: '/etc/key' },
      user: '1000',
      privileged: true,
      capAdd: ['NET_BIND_SERVICE'],
      readOnlyRoot: true,
      pidsLimit: 64,
    });
    assert.deepEqual([2, ['0', '1']].map((gpus) => engineOf({ image: 'x', gpus })), [2, ['0', '1']].map((gpus) => dockerEngine({ image: 'x', gpus })));
  });

  for (const [config, line] of [
    [{ volumes: ['/a'] }, 'config.volumes[0]: found "/a"; expected "SOURCE:/TARGET" or "SOURCE:/TARGET:ro", where SOURCE is a path or the name of a volume'],
    [{ volumes: ['/a:/workspace/x'] }, "config.volumes[0]: /workspace is the dispatcher's own; choose another target"],
    [{ secrets: { '../x': 'f' } }, 'config.secrets["../x"]: "../x" is no name for a file of letters, digits, ".", "_" and "-", at most 63 of them; rename it'],
    [{ secrets: { x: 5 } }, 'config.secrets.x: found 5; expected the path of a file, or { from_file: PATH }'],
    [{ gpus: 0 }, 'config.gpus: found 0; expected all, a whole number of devices, or a list of their ids'],
    [{ cap_add: ['all'] }, 'config.cap_add[0]: found "all"; expected a Linux capability such as NET_BIND_SERVICE'],
    [{ host: 'localhost' }, 'config.host: found "localhost"; expected the address of an engine such as unix:///var/run/docker.sock or tcp://127.0.0.1:2375'],
    [{ user: 'a b' }, 'config.user: found "a b"; expected a user, or user:group, by number or by a name that the image knows; write "1000:1000"'],
    [{ namespace: 'x' }, 'config.namespace: namespace means nothing to a pool of type docker; take it out'],
    [{ pull_polcy: 'never' }, 'config.pull_polcy: unknown key "pull_polcy"'],
  ] as const) {
    it(`is refused with ${JSON.stringify(config)}`, () => {
      assert.ok(complaint({ image: 'x', ...config }).startsWith(line), complaint({ image: 'x', ...config }));
    });
  }

  it('alone has such keys', () => {
    const line = 'config.privileged: privileged means nothing to a pool of type local-process; take it out';
    assert.equal(complaint({ privileged: true }, 'local-process'), line);
  });
});
