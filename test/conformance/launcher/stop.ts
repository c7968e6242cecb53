import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { StopReport } from '../../../src/ports/launcher.ts';
import { ask, endOf, exitOf, intentFor, run, said, startOf, valueOf, withFixture, type MakeLauncher } from './fixture.ts';

export const stopConformance = (make: MakeLauncher): void => {
  it('asks first: a runner that listens ends by itself', withFixture(make, async (fixture) => {
    const { launcher } = fixture;
    const intent = intentFor(fixture, { do: 'hang' });
    const handle = await startOf(launcher, intent);
    await said(launcher, intent.runDir, 'ready');
    const report = valueOf(await ask<StopReport>((reply) => launcher.stop(handle, 60_000, reply)));
    assert.deepEqual(report.survivors, []);
    assert.equal(report.exit?.signal, 'SIGTERM');
    assert.deepEqual(await exitOf(launcher, handle), report.exit);
  }));

  it('kills after the grace what does not listen', withFixture(make, async (fixture) => {
    const { launcher } = fixture;
    const intent = intentFor(fixture, { do: 'hangOn' });
    const handle = await startOf(launcher, intent);
    await said(launcher, intent.runDir, 'ready');
    const report = valueOf(await ask<StopReport>((reply) => launcher.stop(handle, 100, reply)));
    assert.deepEqual([report.exit?.signal, report.survivors], ['SIGKILL', []]);
  }));

  it('lets a second call shorten the grace of the first', withFixture(make, async (fixture) => {
    const { launcher } = fixture;
    const intent = intentFor(fixture, { do: 'hangOn' });
    const handle = await startOf(launcher, intent);
    await said(launcher, intent.runDir, 'ready');
    const [first, second] = await Promise.all([
      ask<StopReport>((reply) => launcher.stop(handle, 3_600_000, reply)),
      ask<StopReport>((reply) => launcher.stop(handle, 0, reply)),
    ]);
    assert.equal(valueOf(first).exit?.signal, 'SIGKILL');
    assert.deepEqual(second, first);
  }));

  it('answers for one that has ended before', withFixture(make, async (fixture) => {
    const { launcher } = fixture;
    const handle = await startOf(launcher, intentFor(fixture, { do: 'exit', code: 6 }));
    await endOf(launcher, handle);
    const report = valueOf(await ask<StopReport>((reply) => launcher.stop(handle, 0, reply)));
    assert.deepEqual([report.exit?.exitCode, report.survivors], [6, []]);
  }));

  it('touches no other runner', withFixture(make, async (fixture) => {
    const { launcher } = fixture;
    const intents = [intentFor(fixture, { do: 'hang' }), intentFor(fixture, { do: 'hang' })] as const;
    const handles = [await startOf(launcher, intents[0]), await startOf(launcher, intents[1])] as const;
    for (const { runDir } of intents) await said(launcher, runDir, 'ready');
    valueOf(await ask<StopReport>((reply) => launcher.stop(handles[0], 0, reply)));
    await run(fixture, { do: 'exit', code: 0 });
    const other = await ask((reply) => launcher.inspect(handles[1].runnerId, intents[1].runDir, reply));
    assert.deepEqual(valueOf(other), { kind: 'alive', handle: handles[1] });
  }));
};
