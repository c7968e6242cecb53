import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { WatchEvent } from '../../../src/ports/launcher.ts';
import { endOf, eventually, exitOf, intentFor, run, startOf, withFixture, type MakeLauncher } from './fixture.ts';

const AT_ONCE = 16;

export const watchConformance = (make: MakeLauncher): void => {
  for (const code of [0, 1, 75, 127, 255]) {
    it(`tells exit code ${code}`, withFixture(make, async (fixture) => {
      const before = Date.now();
      const exit = await run(fixture, { do: 'exit', code });
      assert.deepEqual({ ...exit, at: 0 }, { exitCode: code, signal: null, at: 0, result: null });
      assert.ok(exit.at >= before - 1000 && exit.at <= Date.now() + 1000, `${exit.at}`);
    }));
  }

  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGSEGV'] as const) {
    it(`tells a death by ${signal}`, withFixture(make, async (fixture) => {
      const exit = await run(fixture, { do: 'dieBy', signal });
      assert.deepEqual([exit.exitCode, exit.signal], [null, signal]);
    }));
  }

  it('hands over what the runner left as its result, whatever the code', withFixture(make, async (fixture) => {
    const text = '{"status":"done","summary":"grün ✓"}\n';
    const exit = await run(fixture, { do: 'writeResult', text, code: 7 });
    assert.deepEqual([exit.exitCode, exit.result], [7, text]);
  }));

  it('tells each watcher once, also one that comes late, and none that left', withFixture(make, async (fixture) => {
    const { launcher } = fixture;
    const handle = await startOf(launcher, intentFor(fixture, { do: 'exit', code: 4 }));
    const told: [WatchEvent[], WatchEvent[], WatchEvent[]] = [[], [], []];
    launcher.watch(handle, (event) => told[0].push(event));
    launcher.watch(handle, (event) => told[1].push(event))();
    await exitOf(launcher, handle);
    let inside = true;
    launcher.watch(handle, (event) => {
      assert.equal(inside, false);
      told[2].push(event);
    });
    inside = false;
    await eventually('the late watcher is told', () => told[2].length > 0);
    await endOf(launcher, handle);
    assert.deepEqual(told.map((events) => events.length), [1, 0, 1]);
  }));

  it('tells the ends of many quick runners, each once and each its own', withFixture(make, async (fixture) => {
    const { launcher, quickStarts } = fixture;
    const codes: number[] = [];
    const expected = Array.from({ length: quickStarts }, (_, i) => i % 100);
    const tellings = new Array<number>(quickStarts).fill(0);
    const queue = [...expected.entries()];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [i, code] = next;
        const handle = await startOf(launcher, intentFor(fixture, { do: 'exit', code }));
        launcher.watch(handle, () => (tellings[i] = (tellings[i] ?? 0) + 1));
        codes[i] = (await exitOf(launcher, handle)).exitCode ?? -1;
        launcher.forget(handle.runnerId);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    assert.deepEqual(codes, expected);
    assert.deepEqual(tellings, new Array(quickStarts).fill(1));
  }));
};
