import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { RunnerHandle } from '../../../src/ports/launcher.ts';
import { ask, exitOf, intentFor, newRunnerId, outputOf, run, startOf, withFixture, type MakeLauncher } from './fixture.ts';

const AWKWARD = ['', ' ', 'two words', 'line\nline\r\n', `'"\`$HOME\\`, '*?[a]', 'äöü 漢字 🦀', '\t', '--', '%41', 'x'.repeat(50_000)];

const errorOf = async (fixture: Parameters<Parameters<typeof withFixture>[1]>[0], intent: ReturnType<typeof intentFor>) => {
  const result = await ask<RunnerHandle>((reply) => fixture.launcher.start(intent, reply));
  assert.equal(result.ok, false);
  assert.ok(!result.ok);
  return result.error;
};

export const startConformance = (make: MakeLauncher): void => {
  it('hands over every argument as it is', withFixture(make, async (fixture) => {
    const intent = intentFor(fixture, { do: 'showArguments', arguments: AWKWARD });
    await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
    const output = await outputOf(fixture.launcher, intent.runDir);
    assert.deepEqual(output.toString('utf8').split('\0').slice(0, -1), AWKWARD);
  }));

  it('gives exactly the environment of the intent, and its own marker at most', withFixture(make, async (fixture) => {
    const env = { ...fixture.env, EMPTY: '', EQUALS: 'a=b=c', LINES: 'one\ntwo', UNICODE: 'grüße 🦀', 'od.d-name': '1' };
    const intent = intentFor(fixture, { do: 'showEnvironment' }, { env });
    await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
    const output = await outputOf(fixture.launcher, intent.runDir);
    const all = output.toString('utf8').split('\0').slice(0, -1);
    const pairs = all.filter((pair) => !fixture.engineVariables.some((name) => pair.startsWith(`${name}=`)));
    assert.deepEqual(pairs.toSorted(), Object.entries(env).map(([name, value]) => `${name}=${value}`).toSorted());
  }));

  it('starts in the working directory', withFixture(make, async (fixture) => {
    const intent = intentFor(fixture, { do: 'showDirectory' });
    await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
    assert.equal((await outputOf(fixture.launcher, intent.runDir)).toString('utf8'), `${fixture.inside.cwd}\0`);
  }));

  it('starts a runner id once, and answers a second start with what runs', withFixture(make, async (fixture) => {
    const intent = intentFor(fixture, { do: 'hang' });
    const both = await Promise.all([startOf(fixture.launcher, intent), startOf(fixture.launcher, intent)]);
    const third = await startOf(fixture.launcher, { ...intent, command: fixture.command({ do: 'exit', code: 9 }) });
    assert.deepEqual(both[1], both[0]);
    assert.deepEqual(third, both[0]);
  }));

  it('does not start again what has ended', withFixture(make, async (fixture) => {
    const intent = intentFor(fixture, { do: 'count', lines: 1, width: 2 });
    const handle = await startOf(fixture.launcher, intent);
    await exitOf(fixture.launcher, handle);
    assert.deepEqual(await startOf(fixture.launcher, intent), handle);
    assert.equal((await outputOf(fixture.launcher, intent.runDir)).length, 2);
  }));

  it('fails for good, by name, where there is no such command, and leaves the id free', withFixture(make, async (fixture) => {
    const id = newRunnerId();
    const error = await errorOf(fixture, intentFor(fixture, fixture.missingCommand, { runnerId: id }));
    assert.equal(error.kind, 'permanent');
    assert.ok(error.message.includes(fixture.missingCommand[0] ?? '?'), error.message);
    assert.equal((await run(fixture, { do: 'exit', code: 3 }, { runnerId: id })).exitCode, 3);
  }));

  it('refuses what no program can be given', withFixture(make, async (fixture) => {
    const command = fixture.command({ do: 'exit', code: 0 });
    const wrong = [
      { command: [...command, 'a\0b'] },
      { command: [...command, '\ud800'] },
      { command: [] },
      { command: [''] },
      { env: { ...fixture.env, 'A=B': '1' } },
      { env: { ...fixture.env, '': '1' } },
      { env: { ...fixture.env, A: 'a\0b' } },
      { cwd: 'relative' },
    ];
    for (const over of wrong) {
      assert.equal((await errorOf(fixture, intentFor(fixture, command, over))).kind, 'invalid', JSON.stringify(over));
    }
  }));
};
