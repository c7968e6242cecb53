import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ask, exitOf, intentFor, newRunnerId, outputOf, said, startOf, withFixture, type MakeLauncher } from './fixture.ts';

const LINES = 100_000;
const WIDTH = 53;

export const logsConformance = (make: MakeLauncher): void => {
  it('keeps 5 MB of output whole and in order', withFixture(make, async (fixture) => {
    const intent = intentFor(fixture, { do: 'count', lines: LINES, width: WIDTH });
    await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
    const output = await outputOf(fixture.launcher, intent.runDir);
    assert.equal(output.length, LINES * WIDTH);
    for (let line = 0; line < LINES; line += 1) {
      const text = output.toString('latin1', line * WIDTH, (line + 1) * WIDTH - 1);
      if (Number(text) !== line + 1) assert.fail(`line ${line + 1} reads ${JSON.stringify(text)}`);
    }
  }));

  it('keeps both streams in the order in which they were written', withFixture(make, async (fixture) => {
    const intent = intentFor(fixture, { do: 'alternate', times: 200 });
    await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
    const expected = Array.from({ length: 200 }, (_, i) => `o${i}\ne${i}\n`).join('');
    assert.equal((await outputOf(fixture.launcher, intent.runDir)).toString('utf8'), expected);
  }));

  it('can be read while it runs, from any byte', withFixture(make, async (fixture) => {
    const { launcher } = fixture;
    const intent = intentFor(fixture, { do: 'hang' });
    await startOf(launcher, intent);
    await said(launcher, intent.runDir, 'ready');
    const part = await ask<{ chunk: Uint8Array; next: number }>((reply) => launcher.logs(intent.runDir, 2, reply));
    assert.ok(part.ok && Buffer.from(part.value.chunk).toString('utf8').startsWith('ady'));
    const beyond = await ask<{ chunk: Uint8Array; next: number }>((reply) => launcher.logs(intent.runDir, 999, reply));
    assert.ok(beyond.ok && beyond.value.chunk.length === 0 && beyond.value.next === 999);
    const last = await ask<{ chunk: Uint8Array; next: number }>((reply) => launcher.logs(intent.runDir, -3, reply));
    assert.ok(last.ok && Buffer.from(last.value.chunk).toString('utf8') === 'dy\n' && last.value.next === 6);
    const all = await ask<{ chunk: Uint8Array; next: number }>((reply) => launcher.logs(intent.runDir, -999, reply));
    assert.ok(all.ok && Buffer.from(all.value.chunk).toString('utf8') === 'ready\n');
  }));

  it('is empty where there is none, and refuses a position that is none', withFixture(make, async (fixture) => {
    const runDir = fixture.runDir(newRunnerId());
    assert.equal((await outputOf(fixture.launcher, runDir)).length, 0);
    for (const from of [-0.5, 0.5, Number.NaN]) {
      const result = await ask((reply) => fixture.launcher.logs(runDir, from, reply));
      assert.equal(result.ok ? '' : result.error.kind, 'invalid');
    }
  }));
};
