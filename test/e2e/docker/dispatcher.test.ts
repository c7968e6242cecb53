import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import type { Command } from '../command.ts';
import type { Project } from '../project.ts';
import { until } from '../until.ts';
import { containersOf, docker } from './engine.ts';
import { EngineProxy } from './engine-proxy.ts';
import { dockerPool, inDockerProject, sh } from './project.ts';

const gated = 'echo "begin $TASK_ID"; until [ -e /gate/open ]; do sleep 0.1; done; echo "end $TASK_ID"; exit';

const registryOf = async (project: Project): Promise<string> => {
  const id = await project.watch().registryId();
  assert.ok(id !== null);
  return id;
};

const running = async (project: Project): Promise<number> => {
  const id = await project.watch().registryId();
  return id === null ? 0 : (await containersOf(id)).filter(({ State }) => State === 'running').length;
};

const log = async (project: Project, key: string): Promise<string> => (await project.expect(0, 'logs', key)).stdout;

const allStarted = (project: Project, run: Command, count: number): Promise<unknown> =>
  run.until(`${count} containers run`, async () => (await running(project)) === count);

describe('docker pools', () => {
  test('run tasks, keep their logs, and leave nothing in the engine', inDockerProject(
    { rest: { agent_pools: { box: dockerPool() } } },
    async (project) => {
      const tasks = Array.from({ length: 6 }, (_, i) => ({ id: `t${i}`, command: sh(`echo "I am t${i}"; echo x > made; ls`) }));
      await project.expect(0, 'run', await project.plan('six', tasks));
      for (const { id } of tasks) assert.equal(await log(project, `six/${id}`), `I am ${id}\nmade\n`);
      assert.deepEqual((await project.events()).filter(({ type }) => /Failed|Lost/.test(type)), []);
    },
  ));

  test('survive kill -9 of the dispatcher: five alive, two of which end meanwhile', inDockerProject(
    { rest: { agent_pools: { box: dockerPool({ volumes: ['./gate:/gate'] }), local: { type: 'local-process', max_concurrency: 2 } }, skill_mapping: { here: ['local'], default: ['box'] } } },
    async (project) => {
      await project.write('gate/readme', '');
      await project.write('early/readme', '');
      const early = (code: number) => sh(`echo "begin $TASK_ID"; until [ -e /gate/early ]; do sleep 0.1; done; echo "end $TASK_ID"; exit ${code}`);
      const tasks = [
        { id: 'a', command: early(0) },
        { id: 'b', command: early(78) },
        ...['c', 'd', 'e'].map((id) => ({ id, command: sh(`${gated} 0`) })),
        ...['x', 'y'].map((id) => ({ id, required_skill: 'here', command: sh(`${gated.replaceAll('/gate', project.path('gate'))} 0`) })),
      ];
      const file = await project.plan('kill', tasks);
      const first = project.begin('run', file);
      await allStarted(project, first, 5);
      await first.until('all seven have started', async () => (await project.watch().count('RunnerStarted')) === 7);
      first.signal('SIGKILL');
      await first.end();
      await project.write('gate/early', '');
      await until('two have ended, and nobody saw it', async () => (await running(project)) === 3);
      const second = project.begin('run', file);
      await second.until('the living are adopted', async () => (await project.watch().count('RunnerAdopted')) === 5);
      await project.write('gate/open', '');
      assert.equal((await second.end()).code, 1, second.said);
      assert.deepEqual(await project.states(), {
        'kill/a': 'done', 'kill/b': 'failed', 'kill/c': 'done', 'kill/d': 'done', 'kill/e': 'done', 'kill/x': 'done', 'kill/y': 'done',
      });
      for (const { id } of tasks) assert.equal(await log(project, `kill/${id}`), `begin ${id}\nend ${id}\n`);
      assert.equal((await project.show('kill/b')).reason, 'exit code 78 (forbids a retry)');
      assert.ok((await project.tasks()).every(({ attempts }) => attempts === 1));
    },
  ));

  test('keep to their quota as the engine sees it, with the limits set', inDockerProject(
    { rest: { agent_pools: { box: dockerPool({}, { cpu_quota: 2 }) } } },
    async (project) => {
      const tasks = Array.from({ length: 10 }, (_, i) => ({ id: `t${i}`, resources: { cpu: 0.5, memory: 32 }, command: sh('sleep 1') }));
      const run = project.begin('run', await project.plan('quota', tasks));
      await run.until('the registry is there', async () => (await project.watch().registryId()) !== null);
      const registry = await registryOf(project);
      let most = 0;
      const limits = new Set<string>();
      const over = new AbortController();
      void run.ended.then(() => over.abort());
      while (!over.signal.aborted) {
        const now = (await containersOf(registry)).filter(({ State, Labels }) => State === 'running' && Labels['dispatcher.runner'] !== undefined);
        most = Math.max(most, now.length);
        for (const { Id } of now.slice(0, 1)) {
          const found = await docker.getContainer(Id).inspect().catch(() => null);
          if (found !== null) limits.add(`${found.HostConfig.NanoCpus} ${found.HostConfig.Memory}`);
        }
      }
      assert.equal((await run.end()).code, 0, run.said);
      assert.equal(most, 4);
      assert.deepEqual([...limits], ['500000000 33554432']);
    },
  ));

  test('say why: out of memory, no such image, no such command', inDockerProject(
    {
      dispatcher: { retry: { max_attempts: 1 } },
      rest: { agent_pools: { box: dockerPool(), none: dockerPool({ image: 'dispatcher-test/none:1' }) }, skill_mapping: { none: ['none'], default: ['box'] } },
    },
    async (project) => {
      const file = await project.plan('why', [
        { id: 'oom', resources: { memory: 24 }, command: sh('tail /dev/zero; exit 0') },
        { id: 'image', required_skill: 'none', command: sh('true') },
        { id: 'command', command: ['no-such-program'] },
      ]);
      await project.expect(1, 'run', file);
      const reason = async (id: string): Promise<string> => (await project.show(`why/${id}`)).reason ?? '';
      assert.equal(await reason('oom'), 'out of memory (limit 24 MB), then ended by exit code 0');
      assert.match(await reason('image'), /^launch_failed: there is no image dispatcher-test\/none:1 here, and pull_policy is never/);
      assert.match(await reason('command'), /^launch_failed: command not found: no-such-program in image /);
    },
  ));

  test('hold what they have while the engine is away, and go on when it is back', async () => {
    const proxy = new EngineProxy();
    await proxy.open();
    try {
      const settings = { rest: { agent_pools: { box: dockerPool({ host: proxy.address, volumes: ['./gate:/gate'] }, { max_concurrency: 3 }) } } };
      await inDockerProject(settings, async (project) => {
        await project.write('gate/readme', '');
        const tasks = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, command: sh(`${gated} 0`) }));
        const run = project.begin('run', await project.plan('away', tasks));
        await allStarted(project, run, 3);
        proxy.cut();
        await run.prints('is held');
        await project.write('gate/open', '');
        await until('the three have ended, and nobody was told', async () => (await running(project)) === 0);
        proxy.restore();
        assert.equal((await run.end()).code, 0, run.said);
        for (const { id } of tasks) assert.equal(await log(project, `away/${id}`), `begin ${id}\nend ${id}\n`);
        assert.ok((await project.tasks()).every(({ attempts }) => attempts === 1));
        const types = (await project.events()).map(({ type }) => type);
        assert.deepEqual(types.filter((type) => /Failed|Lost|Retry/.test(type)), []);
        assert.equal(run.said.split('is held').length - 1, 1, run.said);
      })();
    } finally {
      await proxy.close();
    }
  });

  test('get private clones: what a container writes into git runs nothing here, and its work is kept', inDockerProject(
    { rest: { repo_pool: { type: 'git-worktree', repo: './repo', base_dir: './slots', slots: 2 }, agent_pools: { box: dockerPool() } } },
    async (project) => {
      const git = (...args: readonly string[]): string =>
        execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.invalid', ...args], { cwd: project.path('repo'), env: project.env(), encoding: 'utf8' }).trim();
      await project.write('repo/main.txt', 'one\n');
      git('init', '-q', '-b', 'main');
      git('add', '-A');
      git('commit', '-q', '-m', 'one');
      const ran = project.path('ran');
      const escape = [
        'test -d .git || exit 9',
        `printf '#!/bin/sh\\ntouch ${ran}\\ncat\\n' > evil; chmod 755 evil; mkdir -p .git/hooks`,
        'for hook in pre-commit post-checkout post-update reference-transaction post-index-change; do cp evil .git/hooks/$hook; done',
        `printf '[core]\\n\\tfsmonitor = ${project.path('slots')}/slot-1/evil\\n\\thooksPath = .git/hooks\\n[filter "x"]\\n\\tclean = ./evil\\n[uploadpack]\\n\\tpackObjectsHook = ./evil\\n' >> .git/config`,
        "echo '* filter=x' > .gitattributes",
        'echo work > work.txt',
        'cat /proc/self/mountinfo',
      ].join('\n');
      const file = await project.plan('git', [{ id: 'evil', command: sh(escape) }, { id: 'next', dependencies: ['evil'], command: sh('test ! -e evil && cat main.txt') }]);
      await project.expect(0, 'run', file);
      assert.ok(!project.has('ran'));
      assert.equal(git('show', 'refs/salvage/git/evil/1:work.txt'), 'work');
      assert.equal(await log(project, 'git/next'), 'one\n');
      assert.ok(!(await log(project, 'git/evil')).includes(project.path('repo')), 'the repository is not mounted');
      assert.ok(!git('config', '--list', '--local').includes('evil'));
    },
  ));
});

describe('doctor', () => {
  test('asks the engine of each docker pool, and says how to mend what is missing', inDockerProject(
    {
      rest: {
        agent_pools: {
          box: dockerPool(),
          gone: dockerPool({ host: 'unix:///no/such.sock' }),
          bare: dockerPool({ image: 'dispatcher-test/none:1', secrets: { key: './no-key' } }),
        },
      },
    },
    async (project) => {
      const { stdout, code } = await project.cli('doctor', '--json');
      const found = (JSON.parse(stdout) as readonly { check: string; status: string; text: string; mend: string | null }[]);
      const of = (pool: string) => found.filter(({ check }) => check === `pool ${pool}`).map(({ status, text, mend }) => `${status} ${text}; ${mend ?? ''}`).join('\n');
      assert.equal(code, 1);
      assert.match(of('box'), /^ok .*\nok docker \S+ answers at .*\nok has image dispatcher-test\/busybox:1; $/);
      assert.match(of('gone'), /fail docker engine unix:\/\/\/no\/such\.sock: there is no such socket; is the engine running\?$/m);
      assert.match(of('bare'), /fail there is no image dispatcher-test\/none:1, and pull_policy is never; run: docker pull dispatcher-test\/none:1/);
      assert.match(of('bare'), /fail its secret key cannot be read from .*\/no-key; put the file there/);
    },
  ));
});
