import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { StopReport } from '../../src/ports/launcher.ts';
import { ask, eventually, exitOf, intentFor, said, startOf, valueOf } from './launcher/fixture.ts';
import { makeLocal, processes, processesOf, type LocalFixture } from './launcher/local-process.ts';

const withLocal = (body: (fixture: LocalFixture) => Promise<void>) => async () => {
  const fixture = await makeLocal();
  try {
    await body(fixture);
  } finally {
    await fixture.end();
  }
};

/** Shell functions for a runner; `note` appends the pid of whoever calls it to the file `$PIDS`. */
const PROLOGUE = `
note() { echo $$ >> "$PIDS"; }
export PIDS
`;
const DEAF = 'perl -e \'$SIG{TERM} = "IGNORE"; open F, ">>", $ENV{PIDS}; syswrite F, "$$\\n"; close F; sleep 1000 while 1\'';
/** Forks twice, in a session of its own, all descriptors closed. */
const DAEMON =
  'perl -e \'require POSIX; fork && exit; POSIX::setsid(); fork && exit; $SIG{TERM} = "IGNORE"; open F, ">>", $ENV{PIDS}; syswrite F, "$$\\n"; close F; POSIX::close($_) for 0 .. 9; sleep 1000 while 1\'';

const pidsIn = (path: string): readonly number[] => {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1).map(Number);
  } catch {
    return [];
  }
};

const isGone = (pid: number): boolean => {
  const entry = processes.find(pid);
  return entry === null || entry.state === 'Z';
};

const script = (fixture: LocalFixture, text: string) => {
  const pids = join(fixture.root, 'pids');
  const intent = intentFor(fixture, ['sh', '-c', `${PROLOGUE}${text}`], { env: { ...fixture.env, PIDS: pids } });
  return { intent, pids };
};

describe('the whole tree of a runner', () => {
  it('is dead after stop: deaf leader, grandchild in a session of its own, daemon', withLocal(async (fixture) => {
    const { intent, pids } = script(fixture, `trap '' TERM; note; setsid ${DEAF} & ${DAEMON}; ${DEAF} & while :; do wait; done`);
    const handle = await startOf(fixture.launcher, intent);
    await eventually('four are there', () => pidsIn(pids).length === 4);
    const report = valueOf(await ask<StopReport>((reply) => fixture.launcher.stop(handle, 50, reply)));
    assert.deepEqual(pidsIn(pids).filter((pid) => !isGone(pid)), []);
    assert.deepEqual([report.survivors, report.exit?.signal], [[], 'SIGKILL']);
  }));

  it('is dead after stop though it forks all the time', withLocal(async (fixture) => {
    const fork = '$SIG{TERM} = "IGNORE"; $SIG{CHLD} = "IGNORE"; $| = 1; print "ready\\n"; while (1) { my $p = fork // next; if ($p) { select undef, undef, undef, 0.0003; exit } }';
    const intent = intentFor(fixture, ['sh', '-c', 'trap "" TERM; perl -e "$1" & perl -e "$1" & while :; do wait; sleep 1000; done', 'sh', fork]);
    const handle = await startOf(fixture.launcher, intent);
    await said(fixture.launcher, intent.runDir, 'ready');
    const report = valueOf(await ask<StopReport>((reply) => fixture.launcher.stop(handle, 0, reply)));
    assert.deepEqual(report.survivors, []);
    const left = (await processesOf(fixture.registry)).filter(({ pid }) => (processes.environment(pid) ?? '').includes(intent.runnerId));
    assert.deepEqual(left, []);
  }));

  it('is woken to be ended when it was suspended', withLocal(async (fixture) => {
    const { intent, pids } = script(fixture, 'note; kill -STOP $$; sleep 1000');
    const handle = await startOf(fixture.launcher, intent);
    await eventually('it is suspended', () => processes.find(pidsIn(pids)[0] ?? 0)?.state === 'T');
    const report = valueOf(await ask<StopReport>((reply) => fixture.launcher.stop(handle, 60_000, reply)));
    assert.equal(report.exit?.signal, 'SIGTERM');
  }));

  for (const [what, command] of [
    ['in its own group', `${DEAF} &`],
    ['in a session of its own', `setsid ${DEAF} &`],
    ['as a daemon', DAEMON],
  ] as const) {
    it(`what a successful leader leaves ${what} is dead before its exit is told`, withLocal(async (fixture) => {
      const { intent, pids } = script(fixture, `${command} until [ -s "$PIDS" ]; do sleep 0.01; done; exit 0`.replace('\' until', '\'; until'));
      const exit = await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
      assert.deepEqual([exit.exitCode, pidsIn(pids).length, pidsIn(pids).filter((pid) => !isGone(pid))], [0, 1, []]);
    }));
  }

  it('spares a neighbour that daemonised itself while its own leader lives', withLocal(async (fixture) => {
    const { intent, pids } = script(fixture, `${DAEMON}; sleep 1000`);
    const neighbour = await startOf(fixture.launcher, intent);
    await eventually('the daemon is there', () => pidsIn(pids).length === 1);
    const other = intentFor(fixture, ['sh', '-c', `setsid sleep 1000 & sleep 0.05; exit 2`]);
    assert.equal((await exitOf(fixture.launcher, await startOf(fixture.launcher, other))).exitCode, 2);
    assert.equal(isGone(pidsIn(pids)[0] ?? 0), false);
    valueOf(await ask<StopReport>((reply) => fixture.launcher.stop(neighbour, 0, reply)));
    assert.equal(isGone(pidsIn(pids)[0] ?? 0), true);
  }));

  it('starts with default signals, nothing blocked, no terminal, and no descriptor but its three', withLocal(async (fixture) => {
    const program = 'grep -E "^Sig(Blk|Ign)" /proc/self/status; ls /proc/$$/fd; readlink /proc/$$/fd/0; (: < /dev/tty) 2> /dev/null || echo no tty';
    const intent = intentFor(fixture, ['sh', '-c', program]);
    await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
    const output = readFileSync(join(intent.runDir, 'output.log'), 'utf8');
    assert.equal(output, 'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0\n1\n2\n/dev/null\nno tty\n');
  }));
});
