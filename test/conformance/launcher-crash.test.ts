import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runnerId } from '../../src/domain/ids.ts';
import type { Inspection, Launcher, LaunchIntent, StopReport } from '../../src/ports/launcher.ts';
import { ask, endOf, eventually, exitOf, intentFor, newRunnerId, run, said, startOf, valueOf } from './launcher/fixture.ts';
import { isAlive, journalsOf, killProcess, makeLocal, openLauncher, processes, processesOf, type LocalFixture } from './launcher/local-process.ts';

const CHILD = join(import.meta.dirname, 'launcher', 'dispatcher-child.ts');

const withLocal = (body: (fixture: LocalFixture) => Promise<void>) => async () => {
  const fixture = await makeLocal();
  try {
    await body(fixture);
  } finally {
    await fixture.end();
  }
};

const look = async (launcher: Launcher, intent: LaunchIntent): Promise<Inspection> =>
  valueOf(await ask<Inspection>((reply) => launcher.inspect(intent.runnerId, intent.runDir, reply)));

/** Starts a dispatcher that starts these, and resolves once it has said `word`. */
const dispatcher = async (fixture: LocalFixture, intents: readonly LaunchIntent[], word: string): Promise<ChildProcess> => {
  // One dispatcher at a time: its fork-server starts nothing before it.
  await ask<null>((reply) => fixture.launcher.close(reply));
  const order = { stateDir: fixture.root, registry: fixture.registry, intents };
  const child = spawn(process.execPath, [CHILD, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let heard = '';
  for await (const chunk of child.stdout) {
    heard += String(chunk);
    if (heard.includes(word)) return child;
  }
  throw new Error(`the dispatcher ended without saying ${word}`);
};

const killHard = async (child: ChildProcess): Promise<void> => {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
};

/** Ends with `code` as soon as the file is there. */
const whenFile = (path: string, code: number): readonly string[] => [
  'perl', '-e', 'select undef, undef, undef, 0.01 until -e $ARGV[0]; exit $ARGV[1]', path, String(code),
];

const serversOf = async (fixture: LocalFixture) =>
  (await processesOf(fixture.registry)).filter(({ pid }) =>
    (processes.environment(pid) ?? '').includes('DISPATCHER_FORK_SERVER='),
  );

const killServers = async (fixture: LocalFixture): Promise<void> => {
  for (const { pid, startTime } of await serversOf(fixture)) assert.ok(processes.signal(pid, startTime, 'SIGKILL'));
};

describe('after kill -9 of the dispatcher', () => {
  it('the next one adopts the living and collects true codes, before and after it came', withLocal(async (fixture) => {
    const gate = join(fixture.root, 'gate');
    const intents = {
      living: intentFor(fixture, { do: 'hang' }),
      ended: intentFor(fixture, { do: 'exit', code: 17 }),
      later: intentFor(fixture, whenFile(gate, 23)),
      never: intentFor(fixture, { do: 'hang' }),
    };
    const child = await dispatcher(fixture, [intents.living, intents.ended, intents.later], 'started');
    await killHard(child);
    const next = await fixture.reopen();
    const living = await look(next, intents.living);
    assert.equal(living.kind, 'alive');
    const ended = await look(next, intents.ended);
    assert.ok(ended.kind === 'exited' && ended.exit.exitCode === 17, JSON.stringify(ended));
    const later = await look(next, intents.later);
    assert.ok(later.kind === 'alive');
    assert.deepEqual(await look(next, intents.never), { kind: 'neverStarted' });
    await run({ ...fixture, launcher: next }, { do: 'exit', code: 0 }, { runnerId: newRunnerId() });
    const exit = exitOf(next, later.handle);
    await startOf(next, intentFor(fixture, ['touch', gate]));
    assert.equal((await exit).exitCode, 23);
  }));

  it('whatever was under way is either found or never started, and never runs twice', withLocal(async (fixture) => {
    const mark = join(fixture.root, 'marks');
    const program = 'open F, ">>", $ARGV[0]; syswrite F, "$ENV{RUN_DIR}\\n"; close F';
    const intents = Array.from({ length: 60 }, () => intentFor(fixture, ['perl', '-e', program, mark]));
    await killHard(await dispatcher(fixture, intents, 'starting'));
    const next = await fixture.reopen();
    const looks = await Promise.all(intents.map((intent) => look(next, intent)));
    for (const [i, found] of looks.entries()) {
      const intent = intents[i];
      assert.ok(intent);
      if (found.kind === 'neverStarted') await exitOf(next, await startOf(next, intent));
      else if (found.kind === 'alive') await exitOf(next, found.handle);
      else assert.equal(found.kind, 'exited');
    }
    const marks = readFileSync(mark, 'utf8').split('\n').slice(0, -1);
    assert.deepEqual(marks.toSorted(), intents.map(({ runDir }) => runDir).toSorted());
  }));

  it('what a runner left behind meanwhile is dead before its exit is told', withLocal(async (fixture) => {
    const pidFile = join(fixture.root, 'pid');
    const intent = intentFor(fixture, ['sh', '-c', `setsid sleep 1000 & echo $! > ${pidFile}; exit 3`]);
    await killHard(await dispatcher(fixture, [intent], 'started'));
    const next = await fixture.reopen();
    const found = await look(next, intent);
    const exit = found.kind === 'alive' ? await exitOf(next, found.handle) : found.kind === 'exited' ? found.exit : null;
    assert.equal(exit?.exitCode, 3);
    const stray = processes.find(Number(readFileSync(pidFile, 'utf8')));
    assert.ok(stray === null || stray.state === 'Z', JSON.stringify(stray));
  }));

  it('its journal is removed once nothing in it can be asked for', withLocal(async (fixture) => {
    const intent = intentFor(fixture, { do: 'exit', code: 1 });
    await killHard(await dispatcher(fixture, [intent], 'started'));
    const next = await fixture.reopen();
    assert.equal((await look(next, intent)).kind, 'exited');
    next.forget(intent.runnerId);
    await eventually('one journal is left', () => journalsOf(fixture.root).length === 1);
  }));
});

describe('after kill -9 of the fork-server', () => {
  it('its runners are proven dead and said to have vanished; a new one serves', withLocal(async (fixture) => {
    const { launcher } = fixture;
    const intent = intentFor(fixture, { do: 'hangOn' });
    const handle = await startOf(launcher, intent);
    await said(launcher, intent.runDir, 'ready');
    const ended = endOf(launcher, handle);
    await killServers(fixture);
    assert.equal((await ended).kind, 'vanished');
    assert.equal(isAlive(handle), false);
    assert.equal((await run(fixture, { do: 'exit', code: 8 })).exitCode, 8);
    assert.equal((await look(launcher, intent)).kind, 'vanished');
  }));

  it('a result that was written still counts', withLocal(async (fixture) => {
    const { launcher } = fixture;
    const intent = intentFor(fixture, ['sh', '-c', 'printf %s "$1" > "$RUN_DIR/result.json"; echo ready; exec sleep 1000', 'sh', '{"status":"done"}']);
    const handle = await startOf(launcher, intent);
    await said(launcher, intent.runDir, 'ready');
    const ended = endOf(launcher, handle);
    await killServers(fixture);
    const event = await ended;
    assert.ok(event.kind === 'exited' && event.exit.result === '{"status":"done"}' && event.exit.exitCode === null);
  }));

  it('a start that was on its way is answered, and can be made again', withLocal(async (fixture) => {
    const { launcher } = fixture;
    const [server] = await serversOf(fixture);
    assert.ok(server && processes.signal(server.pid, server.startTime, 'SIGSTOP'));
    const intent = intentFor(fixture, { do: 'exit', code: 5 });
    const answer = ask((reply) => launcher.start(intent, reply));
    await killServers(fixture);
    const result = await answer;
    assert.equal(result.ok ? '' : result.error.kind, 'transient');
    assert.equal((await exitOf(launcher, await startOf(launcher, intent))).exitCode, 5);
  }));

  it('a start that was carried out but never written down is not made again: it vanished', withLocal(async (fixture) => {
    const { launcher } = fixture;
    const [server] = await serversOf(fixture);
    assert.ok(server && processes.signal(server.pid, server.startTime, 'SIGSTOP'));
    const intent = intentFor(fixture, { do: 'exit', code: 0 });
    const answer = startOf(launcher, intent);
    // What a fork-server leaves that dies between the fork and the line in its journal.
    const forked = spawn('sleep', ['1000'], { env: { DISPATCHER_RUNNER: `${fixture.registry}/${intent.runnerId}` } });
    await once(forked, 'spawn');
    const gone = once(forked, 'exit');
    await killServers(fixture);
    const handle = await answer;
    await gone;
    assert.equal((await endOf(launcher, handle)).kind, 'vanished');
    assert.equal(existsSync(join(intent.runDir, 'output.log')), false, 'nothing was started for it');
  }));

  it('together with the dispatcher, the living are adopted and their death is seen', withLocal(async (fixture) => {
    const intents = [intentFor(fixture, { do: 'hang' }), intentFor(fixture, { do: 'hang' }), intentFor(fixture, { do: 'hang' })] as const;
    const child = await dispatcher(fixture, intents, 'started');
    await killHard(child);
    const before = await openLauncher(fixture.root, fixture.registry);
    const doomed = await look(before, intents[1]);
    assert.ok(doomed.kind === 'alive');
    await ask<null>((reply) => before.close(reply));
    await killServers(fixture);
    killProcess(doomed.handle);
    const next = await fixture.reopen();
    const [living, dead, stopped] = await Promise.all(intents.map((intent) => look(next, intent)));
    assert.ok(living?.kind === 'alive' && stopped?.kind === 'alive');
    assert.equal(dead?.kind, 'vanished');
    const ended = endOf(next, living.handle);
    killProcess(living.handle);
    assert.equal((await ended).kind, 'vanished');
    const report = valueOf(await ask<StopReport>((reply) => next.stop(stopped.handle, 1000, reply)));
    assert.deepEqual(report, { exit: null, survivors: [] });
    assert.equal((await endOf(next, stopped.handle)).kind, 'vanished');
  }));
});

describe('a fork-server', () => {
  it('ends with its last child once its dispatcher is gone, whatever signals it gets', withLocal(async (fixture) => {
    const intent = intentFor(fixture, { do: 'hang' });
    const handle = await startOf(fixture.launcher, intent);
    const [server] = await serversOf(fixture);
    assert.ok(server);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) processes.signal(server.pid, server.startTime, signal);
    assert.equal((await run(fixture, { do: 'exit', code: 1 })).exitCode, 1);
    await ask<null>((reply) => fixture.launcher.close(reply));
    assert.ok(isAlive(handle) && processes.isAlive(server.pid, server.startTime));
    killProcess(handle);
    await eventually('the fork-server ends', () => !processes.isAlive(server.pid, server.startTime));
    assert.match(journalsOf(fixture.root)[0] ?? '', /\nC\t\d+\nX\t.*\t9\t\d+\t0\n$/);
  }));

  it('has its journal removed after a week, though a line in it was never forgotten', withLocal(async (fixture) => {
    const stamps = [Date.now() - 8 * 86_400_000, Date.now() - 6 * 86_400_000];
    for (const stamp of stamps) {
      const text = 'H\t1\t2\t3\tanother-boot\tr\nS\told\t5\t6\t7\t/nowhere\nC\t8\n';
      writeFileSync(join(fixture.root, 'fork-servers', `${fixture.registry}.${stamp}-aa.journal`), text);
    }
    const next = await fixture.reopen();
    assert.equal((await look(next, { ...intentFor(fixture, ['true']), runnerId: runnerId('old') })).kind, 'vanished');
    assert.equal(journalsOf(fixture.root).length, 3);
    await ask<null>((reply) => next.close(reply));
    assert.equal(journalsOf(fixture.root).length, 1);
  }));

  it('leaves nothing behind when all is forgotten', withLocal(async (fixture) => {
    const handle = await startOf(fixture.launcher, intentFor(fixture, { do: 'exit', code: 1 }));
    await exitOf(fixture.launcher, handle);
    fixture.launcher.forget(handle.runnerId);
    await ask<null>((reply) => fixture.launcher.close(reply));
    assert.deepEqual(journalsOf(fixture.root), []);
    assert.equal((await serversOf(fixture)).length, 0);
    assert.ok(existsSync(handle.runDir));
  }));
});
