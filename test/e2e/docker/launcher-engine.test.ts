import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Activity, RunnerHandle, WatchEvent } from '../../../src/ports/launcher.ts';
import { ask, endOf, eventually, exitOf, intentFor, outputOf, said, startOf, withFixture } from '../../conformance/launcher/fixture.ts';
import { containersOf, docker, IMAGE } from './engine.ts';
import { EngineProxy } from './engine-proxy.ts';
import { makeDocker, type DockerFixture, type FixtureOptions } from './launcher-fixture.ts';

type Body = (fixture: DockerFixture, proxy: EngineProxy) => Promise<void>;

/** A launcher whose way to the engine can be cut. */
const withProxy = (body: Body) => async (): Promise<void> => {
  const proxy = new EngineProxy();
  await proxy.open();
  const make = (): Promise<DockerFixture> => makeDocker({ address: proxy.address } satisfies FixtureOptions);
  try {
    const fixture = await make();
    await withFixture(() => Promise.resolve(fixture), () => body(fixture, proxy))();
  } finally {
    await proxy.close();
  }
};

const withDocker = (body: (fixture: DockerFixture) => Promise<void>) => async (): Promise<void> => {
  const fixture = await makeDocker();
  await withFixture(() => Promise.resolve(fixture), () => body(fixture))();
};

const sh = (script: string): readonly string[] => ['sh', '-c', script];

const refusal = async (fixture: DockerFixture, intent: ReturnType<typeof intentFor>) => {
  const started = await ask<RunnerHandle>((reply) => fixture.launcher.start(intent, reply));
  assert.ok(!started.ok);
  return started.error;
};

describe('a docker engine that loses answers', () => {
  for (const request of [/^POST \/containers\/create/, /^POST \/containers\/\w+\/start/]) {
    it(`has one container all the same after a lost answer to ${request.source}`, withProxy(async (fixture, proxy) => {
      const { launcher, registry } = fixture;
      const intent = intentFor(fixture, { do: 'hang' });
      // Looks into the image first, so that the lost answer is the runner's.
      await exitOf(launcher, await startOf(launcher, intentFor(fixture, [...intent.command.slice(0, 1), 'BEGIN { exit }'])));
      proxy.loseAnswerTo(request);
      const first = await refusal(fixture, intent);
      assert.equal(first.kind, 'transient');
      const handle = await startOf(launcher, intent);
      await said(launcher, intent.runDir, 'ready');
      const mine = (await containersOf(registry)).filter(({ Names }) => Names.includes(`/${intent.runnerId}`));
      assert.deepEqual(mine.map(({ Id }) => Id), handle.kind === 'container' ? [handle.containerId] : []);
    }));
  }
});

describe('a docker engine that is away', () => {
  it('fails nobody: silence is told once, and after it what happened meanwhile', withProxy(async (fixture, proxy) => {
    const { launcher, cwd, told } = fixture;
    const script = 'echo ready; until [ -e gate ]; do sleep 0.1; done; echo after; exit 7';
    const intents = [intentFor(fixture, sh(script)), intentFor(fixture, { do: 'hang' })] as const;
    const handles = [await startOf(launcher, intents[0]), await startOf(launcher, intents[1])] as const;
    const events: [WatchEvent[], WatchEvent[]] = [[], []];
    for (const i of [0, 1] as const) launcher.watch(handles[i], (event) => events[i].push(event));
    for (const { runDir } of intents) await said(launcher, runDir, 'ready');
    proxy.cut();
    await eventually('both are told of the silence', () => events.every((list) => list.length === 1));
    assert.deepEqual(events.map((list) => list[0]?.kind), ['engineSilent', 'engineSilent']);
    assert.equal((await ask((reply) => launcher.health(reply))).ok, false);
    writeFileSync(join(cwd, 'gate'), '');
    const late = intentFor(fixture, { do: 'exit', code: 3 });
    const waiting = startOf(launcher, late);
    const [first] = handles;
    await eventually('it has ended, unseen', async () => first.kind === 'container' && !(await docker.getContainer(first.containerId).inspect()).State.Running);
    assert.deepEqual(events.map((list) => list.length), [1, 1]);
    proxy.restore();
    await eventually('the end is told', () => events[0].some(({ kind }) => kind === 'exited'));
    const end = events[0].find((event) => event.kind === 'exited');
    assert.equal(end?.exit.exitCode, 7);
    assert.equal((await outputOf(launcher, intents[0].runDir)).toString('utf8'), 'ready\nafter\n');
    assert.equal((await exitOf(launcher, await waiting)).exitCode, 3);
    await eventually('the other is told, too', () => events[1].length === 2);
    assert.deepEqual(events[1].map(({ kind }) => kind), ['engineSilent', 'engineAnswers']);
    assert.equal(told.filter((line) => line.includes('is held')).length, 1, told.join('\n'));
  }));

  it('says that a container which somebody removed has vanished', withDocker(async (fixture) => {
    const handle = await startOf(fixture.launcher, intentFor(fixture, { do: 'hang' }));
    assert.ok(handle.kind === 'container');
    const end = endOf(fixture.launcher, handle);
    await docker.getContainer(handle.containerId).remove({ force: true });
    const event = await end;
    // Killed first, it may have been seen to end.
    assert.ok(event.kind === 'vanished' || (event.kind === 'exited' && event.exit.signal === 'SIGKILL'), JSON.stringify(event));
  }));
});

describe('a container', () => {
  it('that runs out of memory says so, by which limit, also when its main process exits 0', withDocker(async (fixture) => {
    for (const [script, code, signal] of [['exec tail /dev/zero', null, 'SIGKILL'], ['tail /dev/zero; exit 0', 0, null]] as const) {
      const intent = intentFor(fixture, sh(script), { resources: { cpu: 0, memory: 24 } });
      const exit = await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
      assert.deepEqual([exit.exitCode, exit.signal, exit.cause], [code, signal, { kind: 'outOfMemory', limitMb: 24 }]);
    }
  }));

  it('of an image that is not there is refused for good', withDocker(async (fixture) => {
    const engine = { ...fixture.engine, image: 'dispatcher-test/no-such-image:1' };
    const error = await refusal(fixture, intentFor(fixture, { do: 'hang' }, { engine }));
    const mend = 'run `docker pull dispatcher-test/no-such-image:1`, or set pull_policy: if-not-present';
    assert.deepEqual(error, { kind: 'permanent', message: `there is no image dispatcher-test/no-such-image:1 here, and pull_policy is never; ${mend}` });
  }));

  it('has no privileges, its limits, and the labels of its attempt', withDocker(async (fixture) => {
    const intent = intentFor(fixture, sh('grep -E "^(CapEff|NoNewPrivs)" /proc/self/status; cat /proc/1/cmdline'), { resources: { cpu: 0.5, memory: 64 } });
    const handle = await startOf(fixture.launcher, intent);
    await exitOf(fixture.launcher, handle);
    const output = (await outputOf(fixture.launcher, intent.runDir)).toString('utf8');
    assert.match(output, /CapEff:\t0{16}\nNoNewPrivs:\t1\n.*docker-init/s);
    assert.ok(handle.kind === 'container');
    const { HostConfig, Config, Name } = await docker.getContainer(handle.containerId).inspect();
    assert.deepEqual(
      [HostConfig.NanoCpus, HostConfig.Memory, HostConfig.MemorySwap, HostConfig.Privileged, HostConfig.PidsLimit, HostConfig.AutoRemove],
      [5e8, 64 * 2 ** 20, 64 * 2 ** 20, false, 4096, false],
    );
    assert.equal(Name, `/${intent.runnerId}`);
    assert.deepEqual(Config.Labels, {
      'dispatcher.registry': fixture.registry,
      'dispatcher.runner': intent.runnerId,
      'dispatcher.task': 'conformance/task',
      'dispatcher.attempt': '1',
      'dispatcher.pool': 'pool',
    });
  }));

  it('gets secrets as files in memory, and in no other way, and they are gone after it', withDocker(async (fixture) => {
    const path = join(fixture.root, 'token');
    writeFileSync(path, 'hunter2', { mode: 0o600 });
    const engine = { ...fixture.engine, secrets: { token: path } } as typeof fixture.engine;
    const intent = intentFor(fixture, sh('cat /run/secrets/token; echo; grep " /run/secrets " /proc/mounts; echo x > /run/secrets/token || echo sealed'), { engine });
    const handle = await startOf(fixture.launcher, intent);
    await exitOf(fixture.launcher, handle);
    const output = (await outputOf(fixture.launcher, intent.runDir)).toString('utf8');
    assert.match(output, /^hunter2\ntmpfs \/run\/secrets tmpfs ro,/);
    assert.match(output, /sealed\n$/);
    assert.ok(handle.kind === 'container');
    const inspected = await docker.getContainer(handle.containerId).inspect();
    assert.ok(!JSON.stringify(inspected).includes('hunter2'));
    const left = inspected.Mounts.find(({ Destination }) => Destination === '/run/secrets')?.Source ?? '/';
    assert.throws(() => statSync(left), /ENOENT/);
    const gone = { ...fixture.engine, secrets: { token: `${path}-gone` } } as typeof fixture.engine;
    const error = await refusal(fixture, intentFor(fixture, { do: 'hang' }, { engine: gone }));
    assert.equal(error.kind, 'permanent');
    assert.match(error.message, /^secret token cannot be read from .*-gone \(ENOENT\); put the file there/);
    await fixture.reopen();
    assert.deepEqual(readdirSync('/dev/shm').filter((name) => name.includes(fixture.registry.slice(0, 8))), []);
  }));

  it('can run as another user, and leaves nothing that we cannot read and remove', withDocker(async (fixture) => {
    mkdirSync(join(fixture.cwd, 'below'));
    const engine = { ...fixture.engine, user: '1234:1234' } as typeof fixture.engine;
    const intent = intentFor(fixture, sh('id -u; umask 077; echo x > below/made; cat "$RUN_DIR/context.json"; echo "{}" > "$RUN_DIR/result.json"'), { engine });
    if (process.getuid?.() !== 0) {
      assert.match((await refusal(fixture, intent)).message, /only a dispatcher that runs as root can give files to another user/);
      return;
    }
    const exit = await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
    assert.deepEqual([exit.exitCode, exit.result], [0, '{}\n']);
    assert.equal((await outputOf(fixture.launcher, intent.runDir)).toString('utf8'), '1234\n{"schema_version":1}');
    assert.deepEqual(readdirSync(join(fixture.cwd, 'below')), ['made']);
  }));

  it('cannot make us write or read elsewhere by links in its run directory', withDocker(async (fixture) => {
    const victim = join(fixture.root, 'victim');
    writeFileSync(victim, 'untouched');
    const intent = intentFor(fixture, sh(`ln -s ${victim} "$RUN_DIR/output.log"; ln -s ${victim} "$RUN_DIR/result.json"; echo out`));
    const exit = await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
    assert.equal(exit.result, 'result.json is a symbolic link, not a file');
    assert.equal((await outputOf(fixture.launcher, intent.runDir)).toString('utf8'), 'out\n');
    assert.equal(statSync(victim).size, 'untouched'.length);
  }));

  it('is removed once it is forgotten, and its log stays', withDocker(async (fixture) => {
    const intent = intentFor(fixture, sh('echo kept'));
    const handle = await startOf(fixture.launcher, intent);
    await exitOf(fixture.launcher, handle);
    fixture.launcher.forget(handle.runnerId);
    await eventually('it is removed', async () => (await containersOf(fixture.registry)).length === 0);
    assert.equal((await outputOf(fixture.launcher, intent.runDir)).toString('utf8'), 'kept\n');
  }));

  it('that nobody owns is listed, alive or ended, and reaped', withDocker(async (fixture) => {
    const intents = [intentFor(fixture, { do: 'hangOn' }), intentFor(fixture, { do: 'exit', code: 0 })] as const;
    for (const intent of intents) await startOf(fixture.launcher, intent);
    const next = await fixture.reopen();
    const listed = await ask<readonly string[]>((reply) => next.list(reply));
    assert.deepEqual(listed.ok && listed.value.toSorted(), intents.map(({ runnerId }) => runnerId).toSorted());
    for (const { runnerId } of intents) {
      assert.deepEqual(await ask((reply) => next.reap(runnerId, reply)), { ok: true, value: { exit: null, survivors: [] } });
    }
    assert.deepEqual(await containersOf(fixture.registry), []);
  }));

  it('shows that it works by its output and its processor time', withDocker(async (fixture) => {
    const intent = intentFor(fixture, sh('echo ready; while :; do :; done'));
    const handle = await startOf(fixture.launcher, intent);
    await eventually('it has worked', async () => {
      const activity = await ask<Activity>((reply) => fixture.launcher.activity(handle, reply));
      return activity.ok && activity.value.outputBytes === 6 && (activity.value.cpuMs ?? 0) > 50;
    });
  }));

  it('is not taken for ours when somebody else has its name', withDocker(async (fixture) => {
    const intent = intentFor(fixture, { do: 'hang' });
    const stranger = await docker.createContainer({ name: intent.runnerId, Image: IMAGE, Entrypoint: ['true'] });
    try {
      const error = await refusal(fixture, intent);
      assert.match(error.message, /there is a container named .* that is not this registry's; remove it/);
    } finally {
      await stranger.remove({ force: true });
    }
  }));
});
