import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ask, intentFor, startOf, withFixture, type MakeLauncher } from './fixture.ts';

export const healthConformance = (make: MakeLauncher): void => {
  it('is well, idle and at work', withFixture(make, async (fixture) => {
    assert.deepEqual(await ask((reply) => fixture.launcher.health(reply)), { ok: true, value: null });
    await startOf(fixture.launcher, intentFor(fixture, { do: 'hang' }));
    assert.deepEqual(await ask((reply) => fixture.launcher.health(reply)), { ok: true, value: null });
  }));

  it('starts nothing once it is closed, and can be closed twice', withFixture(make, async (fixture) => {
    const { launcher } = fixture;
    assert.deepEqual(await ask((reply) => launcher.close(reply)), { ok: true, value: null });
    assert.deepEqual(await ask((reply) => launcher.close(reply)), { ok: true, value: null });
    const started = await ask((reply) => launcher.start(intentFor(fixture, { do: 'hang' }), reply));
    assert.equal(started.ok ? '' : started.error.kind, 'invalid');
  }));
};
