import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Launcher, WatchEvent } from '../../../src/ports/launcher.ts';
import { ask, eventually, exitOf, intentFor, outputOf, startOf, type LauncherFixture } from '../../conformance/launcher/fixture.ts';
import { makeNamespace, prepared, type TestNamespace } from './cluster.ts';
import { cutProxy, type CutProxy } from './cut-proxy.ts';
import { makeKubernetes, openKubernetes } from './fixture.ts';

let made: TestNamespace | null = null;
before(async () => {
  made = await makeNamespace();
});
after(() => made?.remove());

const throughProxy =
  (body: (fixture: LauncherFixture, launcher: Launcher, proxy: CutProxy, namespace: TestNamespace) => Promise<void>) =>
  async (): Promise<void> => {
    const namespace = made;
    assert.ok(namespace);
    const folder = await mkdtemp(join(tmpdir(), 'kubernetes-proxy-'));
    const proxy = await cutProxy(prepared.kubeconfig, folder);
    const fixture = await makeKubernetes(namespace);
    const launcher = openKubernetes(namespace.engine({ kubeconfig: proxy.kubeconfig }), fixture.registry);
    try {
      await body(fixture, launcher, proxy, namespace);
    } finally {
      await ask<null>((reply) => launcher.close(reply));
      proxy.close();
      await fixture.end();
      await rm(folder, { recursive: true });
    }
  };

describe('a connection that is cut', () => {
  it('loses the answer of a create: what was made is adopted, and never doubled', throughProxy(async (fixture, launcher, proxy, namespace) => {
    // A connection is open by then: its handshake is not to be cut.
    await eventually('the server answers', async () => (await ask<null>((reply) => launcher.health(reply))).ok);
    proxy.cutNextCreate();
    const intent = intentFor(fixture, { do: 'count', lines: 3, width: 2 });
    const handle = await startOf(launcher, intent);
    assert.equal(proxy.cuts, 1);
    assert.equal((await exitOf(launcher, handle)).exitCode, 0);
    assert.equal((await outputOf(launcher, intent.runDir)).toString(), '1\n2\n3\n');
    assert.equal((await namespace.list('jobs')).length, 1);
    assert.equal((await namespace.list('pods')).length, 1);
  }));

  it('makes the engine silent, fails nothing, and tells all once it is back', throughProxy(async (fixture, launcher, proxy) => {
    const intent = intentFor(fixture, ['sh', '-c', 'echo one; sleep 5; echo two; exit 3']);
    const handle = await startOf(launcher, intent);
    const events: WatchEvent[] = [];
    launcher.watch(handle, (event) => events.push(event));
    proxy.cut();
    await eventually('the engine is silent', () => events.length > 0);
    const health = await ask<null>((reply) => launcher.health(reply));
    assert.equal(health.ok ? '' : health.error.kind, 'transient');
    const refused = await ask((reply) => launcher.inspect(handle.runnerId, intent.runDir, reply));
    assert.equal(refused.ok ? '' : refused.error.kind, 'transient');
    proxy.mend();
    await eventually('its end is told', () => events.some(({ kind }) => kind === 'exited'));
    assert.deepEqual(events.map(({ kind }) => kind), ['engineSilent', 'engineAnswers', 'exited']);
    assert.match(JSON.stringify(events.at(-1)), /"exitCode":3/);
    assert.equal((await outputOf(launcher, intent.runDir)).toString(), 'one\ntwo\n');
  }));
});
