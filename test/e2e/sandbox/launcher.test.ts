import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Confinement } from '../../../src/domain/engine-settings.ts';
import type { LaunchIntent, RunnerHandle, StopReport } from '../../../src/ports/launcher.ts';
import { launcherConformance } from '../../conformance/launcher.ts';
import { confined, isRoot, NOBODY, sandboxOf } from '../../conformance/launcher/confined.ts';
import { ask, endOf, eventually, exitOf, intentFor, outputOf, said, startOf, valueOf } from '../../conformance/launcher/fixture.ts';
import { isAlive, killProcess, makeLocal, processes, processesOf, type LocalFixture } from '../../conformance/launcher/local-process.ts';

const sh = (script: string, ...args: readonly string[]): readonly string[] => ['sh', '-c', script, 'sh', ...args];

const within = (confinement: Confinement, body: (fixture: LocalFixture) => Promise<void>) => async () => {
  const fixture = await makeLocal(confinement);
  try {
    await body(fixture);
  } finally {
    await fixture.end();
  }
};

const SANDBOXED = confined({ sandbox: sandboxOf() });

const outputFrom = async (fixture: LocalFixture, command: readonly string[], over: Partial<LaunchIntent> = {}): Promise<string> => {
  const intent = intentFor(fixture, command, over);
  await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
  return (await outputOf(fixture.launcher, intent.runDir)).toString('utf8');
};

launcherConformance('local-process in a sandbox', () => makeLocal(SANDBOXED));
launcherConformance('local-process in a sandbox without a network', () => makeLocal(confined({ sandbox: sandboxOf({ network: 'none' }) })));
if (isRoot) launcherConformance('local-process in a sandbox of another user', () => makeLocal(confined({ user: NOBODY, sandbox: sandboxOf() })));

describe('from a sandbox', () => {
  it('nothing of the dispatcher is seen, nor of other slots and runners', within(SANDBOXED, async (fixture) => {
    for (const name of ['admin-token', 'registry.db']) writeFileSync(join(fixture.root, name), 'secret');
    mkdirSync(join(fixture.root, 'slot-2'));
    const other = intentFor(fixture, sh('echo secret'));
    await exitOf(fixture.launcher, await startOf(fixture.launcher, other));
    const intent = intentFor(fixture, sh('ls -A "$1" "$1/runs" /tmp; cat "$1/admin-token" "$2/output.log"; ps -e | wc -l', fixture.root, other.runDir));
    await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
    const output = (await outputOf(fixture.launcher, intent.runDir)).toString('utf8');
    assert.equal(output.includes('secret'), false, output);
    assert.match(output, new RegExp(`^${fixture.root}:\\nruns\\nslot with blank\\n`, 'm'));
    assert.match(output, new RegExp(`^${fixture.root}/runs:\\n${intent.runnerId}\\n`, 'm'));
  }));

  it('all else is there to be read, and nothing but slot and run folder to be written', within(SANDBOXED, async (fixture) => {
    const probe = 'for f in /etc/passwd /usr /proc/sys/kernel/hostname /sys "$PWD" "$RUN_DIR" /tmp; do [ -w "$f" ] && touch "$f/x" 2>/dev/null && echo "$f"; done; head -c 4 /etc/passwd';
    const intent = intentFor(fixture, sh(probe));
    await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
    const output = (await outputOf(fixture.launcher, intent.runDir)).toString('utf8');
    assert.equal(output, `${fixture.cwd}\n${intent.runDir}\n/tmp\nroot`);
  }));

  it('folders are hidden, shown and opened as the pool says', async () => {
    const fixture = await makeLocal();
    try {
      for (const name of ['hidden', 'shown', 'cache']) {
        mkdirSync(join(fixture.root, name));
        writeFileSync(join(fixture.root, name, 'file'), `${name}\n`);
      }
      mkdirSync('/var/tmp', { recursive: true });
      const sandbox = sandboxOf({ hidden: ['/etc/apt'], readOnly: [join(fixture.root, 'shown')], writable: [join(fixture.root, 'cache')] });
      const engine = { type: 'local-process', confinement: confined({ sandbox }) } as const;
      const script = 'cd "$1"; cat hidden/file shown/file cache/file; ls /etc/apt; echo more >> cache/file; echo more >> shown/file';
      const output = await outputFrom(fixture, sh(`{ ${script}; } 2>&1`, fixture.root), { engine });
      assert.match(output, /hidden\/file.*No such file/);
      assert.match(output, /^shown\ncache\n/m);
      assert.match(output, /shown\/file: Read-only file system/);
      assert.equal(output.includes('sources'), false, output);
      assert.equal(readFileSync(join(fixture.root, 'cache', 'file'), 'utf8'), 'cache\nmore\n');
    } finally {
      await fixture.end();
    }
  });

  it('there is no right that root has, and no way to the host\'s processes', within(SANDBOXED, async (fixture) => {
    const script = 'grep -E "^(CapEff|NoNewPrivs)" /proc/self/status | tr -s "\\t" " "; kill -0 "$1" || echo nobody; mount -t tmpfs x /mnt 2>/dev/null || echo refused';
    const output = await outputFrom(fixture, sh(`{ ${script}; } 2>/dev/null`, String(process.pid)));
    assert.deepEqual(output.trim().split('\n').toSorted(), ['CapEff: 0000000000000000', 'NoNewPrivs: 1', 'nobody', 'refused']);
  }));

  it('the network is the host\'s, or nobody\'s', async () => {
    const server = createServer((socket) => socket.end('hello\n'));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const asking = ['perl', '-MIO::Socket::INET', '-e', 'my $s = IO::Socket::INET->new("127.0.0.1:$ARGV[0]"); print $s ? <$s> : "nobody\\n"', String(port)];
    try {
      for (const [network, answer] of [['host', 'hello\n'], ['none', 'nobody\n']] as const) {
        await within(confined({ sandbox: sandboxOf({ network }) }), async (fixture) => assert.equal(await outputFrom(fixture, asking), answer))();
      }
    } finally {
      server.close();
    }
  });

  it('the loader\'s variables are the program\'s, and not those of what closes the sandbox', within(SANDBOXED, async (fixture) => {
    const env = { ...fixture.env, LD_PRELOAD: `${fixture.cwd}/none.so` };
    const intent = intentFor(fixture, sh('echo "$LD_PRELOAD"; sleep 1000'), { env });
    const handle = await startOf(fixture.launcher, intent);
    await said(fixture.launcher, intent.runDir, 'none.so');
    assert.ok(handle.kind === 'process');
    assert.equal(processes.environment(handle.pid)?.includes('LD_PRELOAD'), false);
  }));
});

describe('a sandbox', () => {
  it('gives its program time to end, and tells how it did', within(SANDBOXED, async (fixture) => {
    const script = 'trap "echo ending; exit 9" TERM; echo ready; while :; do sleep 0.05; done';
    const intent = intentFor(fixture, sh(script));
    const handle = await startOf(fixture.launcher, intent);
    await said(fixture.launcher, intent.runDir, 'ready');
    const report = valueOf(await ask<StopReport>((reply) => fixture.launcher.stop(handle, 60_000, reply)));
    assert.deepEqual([report.survivors, report.exit?.exitCode, report.exit?.signal], [[], 9, null]);
    assert.match((await outputOf(fixture.launcher, intent.runDir)).toString('utf8'), /ending/);
  }));

  it('leaves nobody behind when its program has ended, whatever that started', within(SANDBOXED, async (fixture) => {
    const script = 'for i in 1 2 3; do setsid env -i sleep 1000 & done; echo done';
    await outputFrom(fixture, sh(script));
    assert.deepEqual((await processesOf(fixture.registry)).filter(({ pid }) => !(processes.environment(pid) ?? '').includes('FORK_SERVER')), []);
  }));

  it('goes with its first process: who kills that has killed all', within(SANDBOXED, async (fixture) => {
    const intent = intentFor(fixture, sh('trap "" TERM; setsid env -i sleep 1000 & echo ready; wait'));
    const handle = await startOf(fixture.launcher, intent);
    await said(fixture.launcher, intent.runDir, 'ready');
    killProcess(handle);
    const event = await endOf(fixture.launcher, handle);
    assert.ok(event.kind === 'exited' && event.exit.signal === 'SIGKILL', JSON.stringify(event));
  }));

  it('goes on when the dispatcher goes, and is adopted', within(SANDBOXED, async (fixture) => {
    const intent = intentFor(fixture, sh('echo ready; while [ ! -e go ]; do sleep 0.05; done; exit 4'));
    const handle = await startOf(fixture.launcher, intent);
    await said(fixture.launcher, intent.runDir, 'ready');
    const next = await fixture.reopen();
    assert.ok(isAlive(handle));
    writeFileSync(join(fixture.cwd, 'go'), '');
    assert.equal((await exitOf(next, handle)).exitCode, 4);
  }));

  it('is lost with the fork-server, for certain', within(SANDBOXED, async (fixture) => {
    const intent = intentFor(fixture, { do: 'hangOn' });
    const handle = await startOf(fixture.launcher, intent);
    await said(fixture.launcher, intent.runDir, 'ready');
    const server = (await processesOf(fixture.registry)).find(({ pid }) => (processes.environment(pid) ?? '').includes('DISPATCHER_FORK_SERVER='));
    assert.ok(server !== undefined);
    processes.signal(server.pid, server.startTime, 'SIGKILL');
    assert.equal((await endOf(fixture.launcher, handle)).kind, 'vanished');
    await eventually('it is dead', () => !isAlive(handle));
  }));

  it('that a task names no program for is refused as anywhere', within(SANDBOXED, async (fixture) => {
    for (const command of [['no-such-program'], ['/no/such/program'], ['./nothing']]) {
      const result = await ask<RunnerHandle>((reply) => fixture.launcher.start(intentFor(fixture, command), reply));
      assert.ok(!result.ok && result.error.kind === 'permanent', JSON.stringify(result));
      assert.match(result.error.message, /^command not found: /);
    }
  }));
});
