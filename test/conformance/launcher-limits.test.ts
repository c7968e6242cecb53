import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { shortRegistryId } from '../../src/domain/ids.ts';
import { outcomeOf } from '../../src/domain/outcome.ts';
import { ownGroupPlaces } from '../../src/launchers/local-process/control-groups.ts';
import { RunnerGroups } from '../../src/launchers/local-process/runner-groups.ts';
import type { LaunchIntent, RunnerHandle, StopReport } from '../../src/ports/launcher.ts';
import { confined } from './launcher/confined.ts';
import { ask, eventually, exitOf, intentFor, newRunnerId, outputOf, said, startOf, valueOf } from './launcher/fixture.ts';
import { isAlive, makeLocal, processes, type LauncherOptions, type LocalFixture } from './launcher/local-process.ts';

const LIMITED = confined({ limits: { cpu: null, memory: null } });

const places = ownGroupPlaces();

const withLimits = (body: (fixture: LocalFixture) => Promise<void>, options: LauncherOptions = {}) => async () => {
  const fixture = await makeLocal(LIMITED, options);
  try {
    await body(fixture);
  } finally {
    await fixture.end();
    new RunnerGroups(places, fixture.registry).sweep(() => false);
  }
};

/** Takes so many MB and says so. */
const taking = (mb: number): readonly string[] => ['perl', '-e', 'my $x = "x" x ($ARGV[0] << 20); $| = 1; print "took ", length($x) >> 20, "\\n"', String(mb)];

/** Folders of a runner's groups. */
const groupsOf = ({ registry }: LocalFixture, { runnerId }: LaunchIntent): readonly string[] =>
  [places.memory, places.cpu].flatMap((place) =>
    place === null ? [] : [join(place.folder, `dispatcher-${shortRegistryId(registry)}.${runnerId}`)],
  );

const groupFile = (fixture: LocalFixture, intent: LaunchIntent, names: readonly string[]): string => {
  const paths = groupsOf(fixture, intent).flatMap((folder) => names.map((name) => join(folder, name)));
  const path = paths.find((candidate) => existsSync(candidate));
  assert.ok(path !== undefined, `none of ${paths.join(', ')}`);
  return readFileSync(path, 'utf8').trim();
};

const start = async (fixture: LocalFixture, command: readonly string[], over: Partial<LaunchIntent>) => {
  const intent = intentFor(fixture, command, over);
  return { intent, handle: await startOf(fixture.launcher, intent) };
};

const memoryGroups = (): void => {
  it('ends by the kernel when it takes more, and the outcome says so', withLimits(async (fixture) => {
    const { intent, handle } = await start(fixture, taking(500), { resources: { cpu: 0, memory: 100 } });
    const exit = await exitOf(fixture.launcher, handle);
    assert.deepEqual(exit.cause, { kind: 'outOfMemory', limitMb: 100 });
    const outcome = outcomeOf({ ...exit, result: null });
    assert.ok(outcome.kind === 'failed' && outcome.retryable && outcome.reason.startsWith('out of memory (limit 100 MB)'), JSON.stringify(outcome));
    assert.equal((await outputOf(fixture.launcher, intent.runDir)).toString('utf8'), '');
  }));

  it('ends so, too, when it is a child of it that takes more, and also after another dispatcher has taken over', withLimits(async (fixture) => {
    const script = 'read go < "$SLOT/go"; perl -e \'my $x = "x" x (500 << 20)\'; exit 0';
    const env = { ...fixture.env, SLOT: fixture.cwd };
    const { handle } = await start(fixture, ['sh', '-c', `mkfifo "$SLOT/go"; ${script}`], { env, resources: { cpu: 0, memory: 100 } });
    const next = await fixture.reopen();
    await eventually('it waits', () => existsSync(join(fixture.cwd, 'go')));
    await start({ ...fixture, launcher: next }, ['sh', '-c', 'echo > "$SLOT/go"'], { env, resources: { cpu: 0, memory: 0 } });
    const exit = await exitOf(next, handle);
    assert.deepEqual([exit.exitCode, exit.cause], [0, { kind: 'outOfMemory', limitMb: 100 }]);
  }));

  it('does what it likes below, and its group is gone once it is forgotten', withLimits(async (fixture) => {
    const { intent, handle } = await start(fixture, taking(50), { resources: { cpu: 0, memory: 400 } });
    const exit = await exitOf(fixture.launcher, handle);
    assert.deepEqual([exit.exitCode, exit.cause], [0, undefined]);
    assert.equal(Number(groupFile(fixture, intent, ['memory.max', 'memory.limit_in_bytes'])), 400 * 2 ** 20);
    fixture.launcher.forget(handle.runnerId);
    assert.deepEqual(groupsOf(fixture, intent).filter((folder) => existsSync(folder)), []);
  }));

  it('cannot leave its group: what got out of its tree is ended with it', withLimits(async (fixture) => {
    // Its marker gone, its session its own, and its parent, and that one's parent, dead.
    const script = 'setsid env -i setsid sh -c "sleep 1000 & echo stray \\$!" & wait; echo ready; exec sleep 1000';
    const { intent, handle } = await start(fixture, ['sh', '-c', script], { resources: { cpu: 0, memory: 400 } });
    await said(fixture.launcher, intent.runDir, 'ready');
    await said(fixture.launcher, intent.runDir, 'stray ');
    const stray = Number(/stray (\d+)/.exec((await outputOf(fixture.launcher, intent.runDir)).toString('utf8'))?.[1]);
    const there = processes.find(stray);
    assert.ok(there !== null && isAlive(handle));
    const report = valueOf(await ask<StopReport>((reply) => fixture.launcher.stop(handle, 0, reply)));
    assert.deepEqual(report.survivors, []);
    assert.equal(processes.isAlive(stray, there.startTime), false);
  }));
};

const leftovers = (): void => {
  it('that a killed dispatcher had no more use for are removed by the next one, and those in use are kept', withLimits(async (fixture) => {
    const groups = new RunnerGroups(places, fixture.registry);
    groups.make(newRunnerId(), { cpu: null, memory: 100 });
    const { intent, handle } = await start(fixture, ['sleep', '1000'], { resources: { cpu: 0, memory: 400 } });
    await fixture.reopen();
    assert.ok(isAlive(handle) && places.memory !== null);
    const left = readdirSync(places.memory.folder).filter((name) => name.startsWith(`dispatcher-${shortRegistryId(fixture.registry)}.`));
    assert.deepEqual(left, groupsOf(fixture, intent).slice(0, 1).map((folder) => basename(folder)));
  }));
};

const cpuGroups = (): void => {
  it('gets so much of each period', withLimits(async (fixture) => {
    const { intent, handle } = await start(fixture, ['sleep', '1000'], { resources: { cpu: 0.25, memory: 0 } });
    const quota = groupFile(fixture, intent, ['cpu.max', 'cpu.cfs_quota_us']).split(' ')[0];
    assert.equal(quota, '25000');
    assert.ok(groupFile(fixture, intent, ['cgroup.procs']).split('\n').includes(String(handle.kind === 'process' ? handle.pid : 0)));
  }));
};

describe('a runner with a limit of memory', () => {
  if (places.memory !== null) memoryGroups();

  it('has it for each of its processes where there are no control groups', withLimits(async (fixture) => {
    const { intent, handle } = await start(fixture, taking(500), { resources: { cpu: 1, memory: 100 } });
    const exit = await exitOf(fixture.launcher, handle);
    assert.notEqual(exit.exitCode, 0);
    assert.match((await outputOf(fixture.launcher, intent.runDir)).toString('utf8'), /Out of memory/);
    const modest = await start(fixture, taking(50), { resources: { cpu: 1, memory: 200 } });
    assert.equal((await exitOf(fixture.launcher, modest.handle)).exitCode, 0);
  }, { groupPlaces: { memory: null, cpu: null } }));
});

if (places.memory !== null) describe('groups', leftovers);

describe('a runner with a limit of CPU', () => {
  if (places.cpu !== null) cpuGroups();

  it('is started without where there are no control groups', withLimits(async (fixture) => {
    const { handle } = await start(fixture, ['true'], { resources: { cpu: 0.25, memory: 0 } });
    assert.equal((await exitOf(fixture.launcher, handle)).exitCode, 0);
  }, { groupPlaces: { memory: null, cpu: null } }));
});

describe('a group that cannot be made', () => {
  it('is a start to be tried again, in one line', withLimits(async (fixture) => {
    const intent = intentFor(fixture, ['true'], { resources: { cpu: 0, memory: 100 } });
    const result = await ask<RunnerHandle>((reply) => fixture.launcher.start(intent, reply));
    assert.ok(!result.ok && result.error.kind === 'transient', JSON.stringify(result));
    assert.match(result.error.message, /^cannot prepare the start of conformance\/task: [^\n]*ENOENT[^\n]*$/);
  }, { groupPlaces: { memory: { version: 1, folder: '/proc/no-such-place' }, cpu: null } }));
});
