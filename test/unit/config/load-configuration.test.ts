import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Configuration } from '../../../src/config/configuration.ts';
import { formatInputErrors } from '../../../src/config/input-error.ts';
import { loadConfiguration } from '../../../src/config/load-configuration.ts';

const root = mkdtempSync(join(tmpdir(), 'configuration-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;

/** A fresh folder with these files. */
const folderWith = (files: Readonly<Record<string, string>>): string => {
  folders += 1;
  const cwd = join(root, String(folders));
  for (const [name, content] of Object.entries({ 'README.md': '', ...files })) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), content);
  }
  return cwd;
};

interface Given {
  readonly cwd: string;
  readonly files?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const load = ({ cwd, files = [], env = {} }: Given) => loadConfiguration({ cwd, files, env });

const accepted = (given: Given): Configuration => {
  const result = load(given);
  assert.ok(result.ok, result.ok ? '' : formatInputErrors(result.error).join('\n'));
  return result.value;
};

const refused = (given: Given): readonly string[] => {
  const result = load(given);
  assert.equal(result.ok, false, 'expected it to be refused');
  return result.ok ? [] : formatInputErrors(result.error);
};

const POOL = 'agent_pools: { local: { type: local-process, max_concurrency: 10 } }\n';
const inFile = (text: string, env: Readonly<Record<string, string>> = {}): Given => ({
  cwd: folderWith({ 'dispatcher.yaml': text }),
  env,
});

describe('without a file, the configuration', () => {
  const cwd = folderWith({});

  it('is the documented defaults', () => {
    const configuration = accepted({ cwd });
    assert.deepEqual(configuration, {
      sources: [],
      dispatcher: {
        pollIntervalMs: 5000,
        schedulingPolicy: 'priority',
        policyModule: null,
        usesPriority: true,
        ageingPerMs: 0,
        fairShareHalfLifeMs: 604_800_000,
        maxPassedOver: 10,
        maxGlobalConcurrency: 10,
        slots: 10,
        retry: { maxAttempts: 3, initialIntervalMs: 10_000, backoffBase: 2, maxIntervalMs: 300_000, jitter: 0.1 },
        timeoutMs: 7_200_000,
        deadlockCheckMs: 60_000,
        heartbeatTimeoutMs: 60_000,
        stallTimeoutMs: 900_000,
        usageIntervalMs: 10_000,
        stopGraceMs: 30_000,
        shutdown: { timeoutMs: 300_000, onShutdown: 'stop' },
        skillMapping: new Map(),
        defaultPools: ['local'],
        strictSkills: false,
        concurrencyKeys: new Map(),
      },
      registry: { path: join(cwd, '.dispatcher/registry.db'), synchronous: 'normal' },
      stateDir: join(cwd, '.dispatcher'),
      repoPool: { type: 'directory', baseDir: null, slots: 10 },
      server: { host: '127.0.0.1', port: 7420, portIsExplicit: false, runnerListen: null, advertise: null },
      pools: [
        {
          name: 'local',
          engine: { type: 'local-process' },
          enabled: true,
          maxConcurrency: 4,
          cpuQuota: null,
          memoryQuota: null,
          defaultResources: { cpu: 0, memory: 0 },
          timeoutMs: null,
          stallTimeoutMs: null,
          breaker: { failures: 5, cooldownMs: 30_000, healthIntervalMs: 30_000 },
          retry: {},
          account: null,
          command: null,
          env: {},
        },
      ],
      notes: [
        'pools allow 4 runners, max_global_concurrency 10, repo_pool.slots 10: at most 4 run at once (the pools)',
      ],
    });
  });

  it('is the same when the file has nothing but comments', () => {
    const commented = accepted(inFile('# nothing\n'));
    assert.deepEqual(commented.dispatcher, accepted({ cwd }).dispatcher);
    assert.equal(commented.sources.length, 1);
  });
});

describe('the files of a configuration', () => {
  it('are those in config/, whose relative paths start from the folder around it', () => {
    const cwd = folderWith({
      'config/dispatcher.yaml': 'registry: { path: data/r.db }\nrepo_pool: { base_dir: ../slots, slots: 2 }\n',
      'config/agent-pools.yaml': POOL,
      'dispatcher.yaml': 'nonsense: true\n',
    });
    const configuration = accepted({ cwd });
    assert.deepEqual(
      configuration.sources,
      ['config/dispatcher.yaml', 'config/agent-pools.yaml'].map((file) => join(cwd, file)),
    );
    assert.equal(configuration.registry.path, join(cwd, 'data/r.db'));
    assert.equal(configuration.stateDir, join(cwd, 'data'));
    assert.equal(configuration.repoPool.baseDir, join(cwd, '../slots'));
    assert.equal(configuration.pools[0]?.maxConcurrency, 10);
  });

  it('are else dispatcher.yaml, whose relative paths start from its own folder', () => {
    const cwd = folderWith({ 'dispatcher.yaml': `state_dir: state\n${POOL}` });
    const configuration = accepted({ cwd });
    assert.equal(configuration.stateDir, join(cwd, 'state'));
    assert.equal(configuration.registry.path, join(cwd, '.dispatcher/registry.db'));
  });

  it('are those that were named, with the pools beside', () => {
    const cwd = folderWith({
      'other/mine.yaml': 'state_dir: s\n',
      'other/agent-pools.yaml': POOL,
      'dispatcher.yaml': 'x: 1\n',
    });
    const configuration = accepted({ cwd, files: ['other/mine.yaml'] });
    assert.deepEqual(configuration.sources, [join(cwd, 'other/mine.yaml'), join(cwd, 'other/agent-pools.yaml')]);
    assert.equal(configuration.stateDir, join(cwd, 'other/s'));
  });

  it('do not include a pools file beside one that has pools, and say so', () => {
    const cwd = folderWith({ 'dispatcher.yaml': POOL, 'agent-pools.yaml': 'nonsense: 1\n' });
    assert.equal(
      accepted({ cwd }).notes[0],
      'agent-pools.yaml is not read, for dispatcher.yaml has agent_pools itself',
    );
  });

  it('may be the pools alone', () => {
    assert.equal(accepted({ cwd: folderWith({ 'config/agent-pools.yaml': POOL }) }).pools[0]?.maxConcurrency, 10);
  });

  it('must exist when they were named', () => {
    assert.deepEqual(refused({ cwd: folderWith({}), files: ['none.yaml'] }), [
      'none.yaml: there is no such file; expected a readable file; check the name and the folder you are in',
    ]);
  });

  it('must not set the same key twice', () => {
    const cwd = folderWith({ 'a.yaml': POOL, 'b.yaml': `\n${POOL}` });
    assert.deepEqual(refused({ cwd, files: ['a.yaml', 'b.yaml'] }), [
      'b.yaml:2: agent_pools: is set in a.yaml already; expected it in one file; keep one of them',
    ]);
  });

  it('that come with a clone are fine', () => {
    const clone = join(import.meta.dirname, '../../..');
    const configuration = accepted({ cwd: clone });
    assert.equal(configuration.pools[0]?.maxConcurrency, 4);
    assert.equal(configuration.repoPool.slots, 8);
    const { dispatcher } = accepted({ cwd: folderWith({}) });
    const spelledOut = { ...configuration.dispatcher, slots: dispatcher.slots };
    assert.deepEqual(spelledOut, dispatcher, 'they spell out the defaults');
  });
});

describe('a configuration', () => {
  it('takes every key of the specification', () => {
    const configuration = accepted(
      inFile(`
dispatcher:
  poll_interval: 500ms
  scheduling_policy: fifo
  max_global_concurrency: 20
  heartbeat_timeout: 60
  timeout: 1h
  stall_timeout: 15m
  strict_skills: true
  stop_grace: 5s
  retry: { max_attempts: 4, initial_interval: 1, backoff_base: 1.5, max_interval: 1m, jitter: 0 }
  graceful_shutdown: { timeout: 0, on_shutdown: leave }
  deadlock_detection: { enabled: true, check_interval: 60 }
  priority: { enabled: true, ageing: 1/h }
  fair_share: { half_life: 7d }
registry: { type: sqlite, path: ./r.db, synchronous: full }
state_dir: ./state
repo_pool: { type: directory, repo: ., slots: 8 }
server: { host: 0.0.0.0, port: 0, runner_listen: "127.0.0.1:7421" }
agent_pools:
  first:
    type: local-process
    enabled: false
    max_concurrency: 2
    cpu_quota: 4
    memory_quota: 8Gi
    skills: [backend]
    timeout: 10m
    breaker: { failures: 2, cooldown: 1m }
    config: { command: ["sh", "-c", "echo"], env: { A: b }, resources: { cpu_limit: 1, memory_limit: 2Gi, cpu_default: 500m } }
  second: { type: local-process, cpu_quota: 0.5, memory_quota: 100 }
skill_mapping: { frontend: [second], backend: [second], default: [second] }
concurrency_keys: { database: 2 }
`),
    );
    assert.deepEqual(configuration.dispatcher, {
      pollIntervalMs: 500,
      schedulingPolicy: 'fifo',
      policyModule: null,
      usesPriority: true,
      ageingPerMs: 1 / 3_600_000,
      fairShareHalfLifeMs: 604_800_000,
      maxPassedOver: 10,
      maxGlobalConcurrency: 20,
      slots: 8,
      retry: { maxAttempts: 4, initialIntervalMs: 1000, backoffBase: 1.5, maxIntervalMs: 60_000, jitter: 0 },
      timeoutMs: 3_600_000,
      deadlockCheckMs: 60_000,
      heartbeatTimeoutMs: 60_000,
      stallTimeoutMs: 900_000,
      usageIntervalMs: 10_000,
      stopGraceMs: 5000,
      shutdown: { timeoutMs: 0, onShutdown: 'leave' },
      skillMapping: new Map([
        ['frontend', ['second']],
        ['backend', ['second', 'first']],
      ]),
      defaultPools: ['second'],
      strictSkills: true,
      concurrencyKeys: new Map([['database', 2]]),
    });
    assert.equal(configuration.registry.synchronous, 'full');
    assert.deepEqual(configuration.server, {
      host: '0.0.0.0',
      port: 0,
      portIsExplicit: true,
      runnerListen: { host: '127.0.0.1', port: 7421 },
      advertise: null,
    });
    assert.deepEqual(configuration.pools, [
      {
        name: 'first',
        engine: { type: 'local-process', confinement: { user: null, sandbox: null, nice: 0, limits: { cpu: 1, memory: 2048 } } },
        enabled: false,
        maxConcurrency: 2,
        cpuQuota: 4,
        memoryQuota: 8192,
        defaultResources: { cpu: 0.5, memory: 2048 },
        timeoutMs: 600_000,
        stallTimeoutMs: null,
        breaker: { failures: 2, cooldownMs: 60_000, healthIntervalMs: 30_000 },
          retry: {},
          account: null,
        command: ['sh', '-c', 'echo'],
        env: { A: 'b' },
      },
      {
        name: 'second',
        engine: { type: 'local-process' },
        enabled: true,
        maxConcurrency: 20,
        cpuQuota: 0.5,
        memoryQuota: 100,
        // A usual size, made to fit the quota.
        defaultResources: { cpu: 0.5, memory: 100 },
        timeoutMs: null,
        stallTimeoutMs: null,
        breaker: { failures: 5, cooldownMs: 30_000, healthIntervalMs: 30_000 },
          retry: {},
          account: null,
        command: null,
        env: {},
      },
    ]);
    assert.deepEqual(configuration.notes, [
      'pools allow 20 runners, max_global_concurrency 20, repo_pool.slots 8: at most 8 run at once (repo_pool.slots)',
      'pool first is disabled: nothing runs there until it is enabled',
      'dispatcher.deadlock_detection is accepted, but has no effect yet',
      'repo_pool.repo has no effect while repo_pool.type is directory',
    ]);
  });

  it('finds the repository of the slots beside the configuration, and leaves URLs as they are', () => {
    const cwd = folderWith({ 'config/dispatcher.yaml': 'repo_pool: { type: git-worktree, slots: 2 }\n' });
    const { repoPool } = accepted({ cwd });
    assert.deepEqual(repoPool, { type: 'git-worktree', baseDir: null, slots: 2, repo: cwd, base: null });
    const written = inFile('repo_pool: { type: git-worktree, repo: ../other, base: release }');
    const elsewhere = accepted(written).repoPool;
    assert.ok(elsewhere.type === 'git-worktree');
    assert.deepEqual([elsewhere.repo, elsewhere.base], [join(written.cwd, '../other'), 'release']);
    for (const repo of ['https://example.invalid/a.git', 'git@example.invalid:a.git', 'file:///srv/a.git']) {
      const cloned = accepted(inFile(`repo_pool: { type: git-clone, repo: "${repo}" }`)).repoPool;
      assert.ok(cloned.type === 'git-clone' && cloned.repo === repo);
    }
    const worktree = refused(inFile('repo_pool: { type: git-worktree, repo: "https://example.invalid/a.git" }'));
    assert.deepEqual(worktree, [
      'dispatcher.yaml:1: repo_pool.repo: "https://example.invalid/a.git" is a URL; a worktree needs a repository of this machine; clone it first, or set type: git-clone',
    ]);
  });

  it('switches priorities off in either way', () => {
    const policyOf = (text: string) => accepted(inFile(text)).dispatcher.schedulingPolicy;
    assert.equal(policyOf('dispatcher: { scheduling_policy: fifo }'), 'fifo');
    assert.equal(policyOf('dispatcher: { priority: { enabled: false } }'), 'fifo');
    assert.equal(policyOf('dispatcher: { priority: { enabled: true } }'), 'priority');
  });

  it('a policy of the user is a module, whose path starts where all paths do', () => {
    const request = inFile('dispatcher: { scheduling_policy: ./mine.ts, backfill: { max_passed_over: unlimited } }');
    writeFileSync(join(request.cwd, 'mine.ts'), 'export default {};');
    const { dispatcher } = accepted(request);
    assert.deepEqual(
      [dispatcher.schedulingPolicy, dispatcher.policyModule, dispatcher.maxPassedOver],
      ['custom', join(request.cwd, 'mine.ts'), Number.POSITIVE_INFINITY],
    );
    const missing = inFile('dispatcher:\n  scheduling_policy: ./none.ts\n  backfill: { max_passed_over: 0 }');
    assert.deepEqual(refused(missing), [
      'dispatcher.yaml:3: dispatcher.backfill.max_passed_over: found 0; expected a whole number of at least 1, or unlimited',
    ]);
    const absent = inFile('dispatcher:\n  scheduling_policy: ./none.ts\n');
    const path = join(absent.cwd, 'none.ts');
    assert.deepEqual(refused(absent), [
      `dispatcher.yaml:2: dispatcher.scheduling_policy: there is no file "${path}"; write the policy there, or name one of fifo, priority, skill-based, fair-share`,
    ]);
  });

  it('says nothing of limits that agree', () => {
    assert.deepEqual(accepted(inFile(POOL)).notes, []);
  });

  it('says which tasks cannot run where the usual request is above the quota', () => {
    const pool = '{ type: local-process, max_concurrency: 10, cpu_quota: 1, config: { resources: { cpu_limit: 2 } } }';
    const [note] = accepted(inFile(`agent_pools: { p: ${pool} }`)).notes;
    assert.match(note ?? '', /^pool p: a task that names no cpu asks for 2, more than cpu_quota 1/);
  });
});

describe('variables of the environment', () => {
  it('are filled in, typed like what they stand for', () => {
    const text = `
server: { host: "\${HOST}", port: "\${PORT:-8000}" }
dispatcher: { strict_skills: "\${STRICT}", poll_interval: "\${POLL:-2s}", retry: { max_attempts: "\${TRIES}" } }
state_dir: \${BASE}/state-\${EMPTY:-none}
agent_pools: { p: { type: local-process, config: { command: ["sh", "-c", "echo $\${RUNNER_ID} $HOME"], env: { V: "\${VERSION}" } } } }
`;
    const env = { HOST: '::1', STRICT: 'true', TRIES: '7', BASE: '/base', EMPTY: '', VERSION: '1.10' };
    const configuration = accepted(inFile(text, env));
    assert.deepEqual(configuration.server, {
      host: '::1',
      port: 8000,
      portIsExplicit: true,
      runnerListen: null,
      advertise: null,
    });
    assert.equal(configuration.dispatcher.strictSkills, true);
    assert.equal(configuration.dispatcher.pollIntervalMs, 2000);
    assert.equal(configuration.dispatcher.retry.maxAttempts, 7);
    assert.equal(configuration.stateDir, '/base/state-none');
    assert.deepEqual(configuration.pools[0]?.command, ['sh', '-c', 'echo ${RUNNER_ID} $HOME']);
    assert.deepEqual(configuration.pools[0]?.env, { V: '1.10' });
  });

  it('must be set when they have no default', () => {
    assert.deepEqual(refused(inFile('dispatcher:\n  poll_interval: 5\nstate_dir: ${NOWHERE}/x\n')), [
      'dispatcher.yaml:3: state_dir: the environment variable "NOWHERE" is not set; expected a value; ' +
        "set it, write ${NOWHERE:-default}, or $${NOWHERE} to keep it for the runner's shell",
    ]);
    assert.equal(refused(inFile('state_dir: ${constructor}\n')).length, 1);
  });

  it('must have a name', () => {
    const [line] = refused(inFile('state_dir: "${}"\n'));
    assert.match(line ?? '', /^dispatcher\.yaml:1: state_dir: found "\$\{" without a name/);
  });

  it('are not told in errors, for they may be secret', () => {
    const lines = refused(inFile('server: { port: "${TOKEN}" }\n', { TOKEN: 'hunter2' }));
    assert.deepEqual(lines, ['dispatcher.yaml:1: server.port: found "${TOKEN}"; expected a whole number from 0 to 65535']);
  });
});

describe('a configuration is refused for', () => {
  for (const [what, text, lines] of [
    [
      'a kind of workspaces that there is none of',
      'repo_pool:\n  type: folders\n',
      [
        'dispatcher.yaml:2: repo_pool.type: found folders; expected one of directory, git-worktree, git-clone',
      ],
    ],
    [
      'wrong values',
      'dispatcher:\n  scheduling_policy: lifo\n  max_global_concurrency: 0\n  poll_interval: 0\n  strict_skills: yes\n',
      [
        'dispatcher.yaml:2: dispatcher.scheduling_policy: found lifo; expected one of fifo, priority, skill-based, fair-share, or a module such as ./policy.ts',
        'dispatcher.yaml:3: dispatcher.max_global_concurrency: found 0; expected a whole number from 1 to 1000000',
        'dispatcher.yaml:4: dispatcher.poll_interval: found 0; expected a duration of more than 0',
        'dispatcher.yaml:5: dispatcher.strict_skills: found yes; expected true or false',
      ],
    ],
    [
      'a mapping where a list was meant, and the reverse',
      'agent_pools:\n  - type: local-process\nskill_mapping: { default: local }\n',
      [
        'dispatcher.yaml:2: agent_pools: found a list; expected a mapping from pool names to pools',
        'dispatcher.yaml:3: skill_mapping.default: found local; expected a list of pools; write [local]',
      ],
    ],
    [
      'a pool without a type',
      'agent_pools:\n  p:\n    max_concurrency: 2\n',
      ['dispatcher.yaml:3: agent_pools.p.type: missing; expected one of local-process, docker, kubernetes'],
    ],
    [
      'no pools',
      'agent_pools: {}\n',
      ['dispatcher.yaml:1: agent_pools: names no pool; expected at least one; add one, or take the key out'],
    ],
    [
      'a pool name that would not do in a path',
      'agent_pools:\n  a/b: { type: local-process }\n',
      [
        'dispatcher.yaml:2: agent_pools["a/b"]: "a/b" is not a pool name of letters, digits, ".", "_" and "-", at most 63 of them; rename it',
      ],
    ],
    [
      'an unknown pool in the mapping',
      `${POOL}skill_mapping:\n  backend:\n    - local\n    - locla\n`,
      [
        'dispatcher.yaml:5: skill_mapping.backend[1]: there is no pool "locla"; expected one of local; did you mean "local"?',
      ],
    ],
    [
      'a default above the limit',
      'agent_pools:\n  p:\n    type: local-process\n    config:\n      resources: { memory_limit: 1Gi, memory_default: 2Gi }\n',
      [
        'dispatcher.yaml:5: agent_pools.p.config.resources.memory_default: found 2Gi; expected at most memory_limit (1024); lower it, or raise the limit',
      ],
    ],
    [
      'keys of another type of pool',
      'agent_pools:\n  p:\n    type: local-process\n    config: { image: alpine }\n',
      [
        'dispatcher.yaml:4: agent_pools.p.config.image: image means nothing to a pool of type local-process; take it out',
      ],
    ],
  ] as const) {
    it(what, () => {
      assert.deepEqual(refused(inFile(text)), lines);
    });
  }

  it('an unknown key, naming the nearest known one', () => {
    const [line] = refused(inFile('dispatcher:\n  pol_interval: 3\n'));
    assert.match(line ?? '', /^dispatcher\.yaml:2: dispatcher\.pol_interval: unknown key "pol_interval"; expected one of /);
    assert.match(line ?? '', /did you mean "poll_interval"\?$/);
  });
});
