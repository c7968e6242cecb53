import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { PortError } from '../../src/domain/failures.ts';
import { closedOn } from '../../src/launchers/local-process/user-access.ts';
import type { LaunchIntent, RunnerHandle, StopReport } from '../../src/ports/launcher.ts';
import { launcherConformance } from './launcher.ts';
import { confined, isRoot, NOBODY, SOMEBODY } from './launcher/confined.ts';
import { ask, eventually, exitOf, intentFor, outputOf, said, startOf, valueOf, withFixture, type LauncherFixture } from './launcher/fixture.ts';
import { isAlive, makeLocal, processes, type LocalFixture } from './launcher/local-process.ts';

const asNobody = (): Promise<LocalFixture> => makeLocal(confined({ user: NOBODY }));

/** Runs to its end, and returns what it said. */
const outputFrom = async (fixture: LocalFixture, command: readonly string[], over: Partial<LaunchIntent> = {}): Promise<string> => {
  const intent = intentFor(fixture, command, over);
  await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
  return (await outputOf(fixture.launcher, intent.runDir)).toString('utf8');
};

const refusal = async (fixture: LauncherFixture, intent: LaunchIntent): Promise<PortError> => {
  const result = await ask<RunnerHandle>((reply) => fixture.launcher.start(intent, reply));
  assert.ok(!result.ok, 'it was started');
  return result.error;
};

const sh = (script: string, ...args: readonly string[]): readonly string[] => ['sh', '-c', script, 'sh', ...args];

const withUser = (body: (fixture: LocalFixture) => Promise<void>) => async () => {
  const fixture = await asNobody();
  try {
    await body(fixture);
  } finally {
    await fixture.end();
  }
};

const theUser = (): void => {
  it('it is for good, with the groups of that user and no others', withUser(async (fixture) => {
    const status = await outputFrom(fixture, ['grep', '-E', '^(Uid|Gid|Groups|CapPrm|CapEff|NoNewPrivs):', '/proc/self/status']);
    assert.deepEqual(
      status.trim().split('\n').map((line) => line.replaceAll(/\s+/g, ' ').trim()),
      [
        'Uid: 65534 65534 65534 65534', 'Gid: 65534 65534 65534 65534', 'Groups: 4711 65534',
        'CapPrm: 0000000000000000', 'CapEff: 0000000000000000', 'NoNewPrivs: 1',
      ],
    );
    const back = '$> = 0; $< = 0; $) = "0 0"; print "uid $< $>, gid ", (split / /, $))[0], "\\n"';
    assert.equal(await outputFrom(fixture, ['perl', '-e', back]), 'uid 65534 65534, gid 65534\n');
  }));

  it('its slot and its run folder are its own, and the dispatcher reads what it leaves there', withUser(async (fixture) => {
    mkdirSync(join(fixture.cwd, 'below'));
    writeFileSync(join(fixture.cwd, 'below', 'file'), 'before\n', { mode: 0o600 });
    const script = 'cat "$RUN_DIR/context.json" below/file; echo more >> below/file; echo \'{"status":"done"}\' > "$RUN_DIR/result.json"';
    const intent = intentFor(fixture, sh(script));
    const exit = await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
    assert.deepEqual([exit.exitCode, exit.result], [0, '{"status":"done"}\n']);
    assert.equal((await outputOf(fixture.launcher, intent.runDir)).toString('utf8'), `${intent.context}before\n`);
    assert.equal(readFileSync(join(fixture.cwd, 'below', 'file'), 'utf8'), 'before\nmore\n');
    assert.deepEqual([statSync(intent.runDir).mode & 0o777, statSync(intent.runDir).uid], [0o700, NOBODY.uid]);
  }));

  it('it reads nothing of the dispatcher, and nothing of another user\'s runner', withUser(async (fixture) => {
    for (const name of ['admin-token', 'registry.db', 'registry.db-wal']) writeFileSync(join(fixture.root, name), 'secret', { mode: 0o600 });
    const others = intentFor(fixture, sh('echo secret; echo secret > "$RUN_DIR/notes"'), {
      engine: { type: 'local-process', confinement: confined({ user: SOMEBODY }) },
    });
    await exitOf(fixture.launcher, await startOf(fixture.launcher, others));
    const look =
      'cd "$1"; for f in admin-token registry.db registry.db-wal "$2"/output.log "$2"/notes; do cat "$f"; done; ' +
      'ls . runs fork-servers "$2"; echo x > "$2"/new; echo x > new; mv runs gone; true';
    const output = await outputFrom(fixture, sh(`{ ${look}; } 2>&1`, fixture.root, others.runDir));
    const lines = output.trim().split('\n');
    assert.equal(lines.length, 12, output);
    for (const line of lines) assert.match(line, /Permission denied/);
  }));

  it('strays that it leaves, in sessions of their own and without the marker, are dead before the stop is answered', withUser(async (fixture) => {
    const stray = 'setsid env -i sh -c "trap : TERM; echo stray \\$\\$; while :; do sleep 100; done" & setsid sleep 1000 & echo ready; wait';
    const intent = intentFor(fixture, sh(stray));
    const handle = await startOf(fixture.launcher, intent);
    await said(fixture.launcher, intent.runDir, 'ready');
    await said(fixture.launcher, intent.runDir, 'stray ');
    const report = valueOf(await ask<StopReport>((reply) => fixture.launcher.stop(handle, 100, reply)));
    assert.deepEqual(report.survivors, []);
    const left = (await processes.scan()).filter(({ pid, state }) => state !== 'Z' && readStatus(pid).includes('\nUid:\t65534\t') && readStatus(pid).includes('sleep'));
    assert.deepEqual(left, []);
  }));

  it('a start that fails leaves nothing in the way of the next one', withUser(async (fixture) => {
    chmodSync(fixture.root, 0o700);
    const intent = intentFor(fixture, { do: 'exit', code: 3 });
    const error = await refusal(fixture, intent);
    assert.deepEqual([error.kind, error.message], ['permanent', `cannot prepare the run directory ${intent.runDir} (context): Permission denied`]);
    assert.equal(closedOn(join(fixture.root, 'runs'), NOBODY), fixture.root);
    chmodSync(fixture.root, 0o711);
    assert.equal((await exitOf(fixture.launcher, await startOf(fixture.launcher, intent))).exitCode, 3);
  }));

  it('a run folder of such a runner is given to no other one', withUser(async (fixture) => {
    const plain = { engine: { type: 'local-process' } as const };
    for (const over of [{}, plain, {}, plain]) {
      const intent = intentFor(fixture, { do: 'exit', code: 0 }, over);
      const handle = await startOf(fixture.launcher, intent);
      await exitOf(fixture.launcher, handle);
      fixture.launcher.forget(handle.runnerId);
      if (over === plain) continue;
      // A plain one after it would have taken its folder over.
      await exitOf(fixture.launcher, await startOf(fixture.launcher, intentFor(fixture, { do: 'exit', code: 1 }, plain)));
      assert.ok(existsSync(intent.runDir));
    }
  }));
};

const readStatus = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
};

if (isRoot) {
  launcherConformance('local-process as another user', asNobody);
  describe('a runner as another user', theUser);
} else {
  it('only root can start a runner as another user', withFixture(() => makeLocal(), async (fixture) => {
    const engine = { type: 'local-process', confinement: confined({ user: NOBODY }) } as const;
    const error = await refusal(fixture, intentFor(fixture, { do: 'exit', code: 0 }, { engine }));
    assert.deepEqual([error.kind, error.message], ['permanent', `only root can start a runner as ${NOBODY.name}`]);
  }));
}

describe('a runner of lower priority', () => {
  it('is so much nicer than the dispatcher', async () => {
    const fixture = await makeLocal(confined({ nice: 7 }));
    try {
      const own = Number((await outputFrom(fixture, ['nice'], { engine: { type: 'local-process' } })).trim());
      assert.equal(Number((await outputFrom(fixture, ['nice'])).trim()), Math.min(19, own + 7));
    } finally {
      await fixture.end();
    }
  });

  it('and so is all that it starts, while its neighbours are not', async () => {
    const fixture = await makeLocal(confined({ nice: 19 }));
    try {
      const intent = intentFor(fixture, sh('nice; exec sleep 1000'));
      const handle = await startOf(fixture.launcher, intent);
      await said(fixture.launcher, intent.runDir, '19');
      assert.ok(isAlive(handle));
      await eventually('it sleeps', () => handle.kind === 'process' && readStatus(handle.pid).startsWith('Name:\tsleep'));
    } finally {
      await fixture.end();
    }
  });
});
