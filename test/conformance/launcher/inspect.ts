import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Inspection, StopReport } from '../../../src/ports/launcher.ts';
import {
  ask, endOf, exitOf, intentFor, newRunnerId, run, said, startOf, valueOf, withFixture, type MakeLauncher,
} from './fixture.ts';

export const inspectConformance = (make: MakeLauncher): void => {
  const look = async (launcher: Parameters<typeof endOf>[0], intent: ReturnType<typeof intentFor>): Promise<Inspection> =>
    valueOf(await ask<Inspection>((reply) => launcher.inspect(intent.runnerId, intent.runDir, reply)));

  it('finds the living, by their handles', withFixture(make, async (fixture) => {
    const intent = intentFor(fixture, { do: 'hang' });
    const handle = await startOf(fixture.launcher, intent);
    assert.deepEqual(await look(fixture.launcher, intent), { kind: 'alive', handle });
  }));

  it('tells how one ended that nobody watched', withFixture(make, async (fixture) => {
    const intent = intentFor(fixture, { do: 'writeResult', text: '{"status":"failed"}', code: 5 });
    const handle = await startOf(fixture.launcher, intent);
    const exit = await exitOf(fixture.launcher, handle);
    assert.deepEqual(await look(fixture.launcher, intent), { kind: 'exited', handle, exit });
  }));

  it('says of an unknown one that it was never started', withFixture(make, async (fixture) => {
    const intent = intentFor(fixture, { do: 'hang' });
    assert.deepEqual(await look(fixture.launcher, intent), { kind: 'neverStarted' });
  }));

  it('says so, too, where a start has failed', withFixture(make, async (fixture) => {
    const intent = intentFor(fixture, fixture.missingCommand);
    assert.equal((await ask((reply) => fixture.launcher.start(intent, reply))).ok, false);
    assert.deepEqual(await look(fixture.launcher, intent), { kind: 'neverStarted' });
    assert.deepEqual(await look(await fixture.reopen(), intent), { kind: 'neverStarted' });
  }));

  it('adopts the living from the launcher before it, watches and stops them', withFixture(make, async (fixture) => {
    const intents = [intentFor(fixture, { do: 'hang' }), intentFor(fixture, { do: 'hangOn' })] as const;
    const handles = [await startOf(fixture.launcher, intents[0]), await startOf(fixture.launcher, intents[1])] as const;
    for (const { runDir } of intents) await said(fixture.launcher, runDir, 'ready');
    const next = await fixture.reopen();
    for (const i of [0, 1] as const) assert.deepEqual(await look(next, intents[i]), { kind: 'alive', handle: handles[i] });
    const ended = endOf(next, handles[0]);
    for (const [handle, grace] of [[handles[0], 60_000], [handles[1], 100]] as const) {
      const report = valueOf(await ask<StopReport>((reply) => next.stop(handle, grace, reply)));
      assert.deepEqual([report.survivors, report.exit?.exitCode], [[], null]);
    }
    const event = await ended;
    assert.ok(event.kind === 'exited' && event.exit.signal === 'SIGTERM', JSON.stringify(event));
  }));

  it('does not start what the launcher before it has started', withFixture(make, async (fixture) => {
    const intent = intentFor(fixture, { do: 'hang' });
    const handle = await startOf(fixture.launcher, intent);
    assert.deepEqual(await startOf(await fixture.reopen(), intent), handle);
  }));

  it('collects the ends that came meanwhile, with their codes and results', withFixture(make, async (fixture) => {
    const jobs = [
      { do: 'exit', code: 0 },
      { do: 'exit', code: 42 },
      { do: 'dieBy', signal: 'SIGKILL' },
      { do: 'writeResult', text: '{"status":"no_change"}', code: 1 },
    ] as const;
    const intents = jobs.map((job) => intentFor(fixture, job));
    const handles = await Promise.all(intents.map((intent) => startOf(fixture.launcher, intent)));
    const next = await fixture.reopen();
    const looks = await Promise.all(intents.map((intent) => look(next, intent)));
    const seen = await Promise.all(looks.map(async (found, i) => {
      const handle = handles[i];
      assert.ok(handle);
      return found.kind === 'exited' ? found.exit : exitOf(next, handle);
    }));
    assert.deepEqual(
      seen.map(({ exitCode, signal, result }) => [exitCode, signal, result]),
      [[0, null, null], [42, null, null], [null, 'SIGKILL', null], [1, null, '{"status":"no_change"}']],
    );
    assert.deepEqual(await look(next, intentFor(fixture, { do: 'hang' }, { runnerId: newRunnerId() })), { kind: 'neverStarted' });
    assert.equal((await run({ ...fixture, launcher: next }, { do: 'exit', code: 2 })).exitCode, 2);
  }));
};
