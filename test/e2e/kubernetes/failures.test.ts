import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { KubernetesEngine } from '../../../src/domain/engine-settings.ts';
import type { PortError } from '../../../src/domain/failures.ts';
import { outcomeOf } from '../../../src/domain/outcome.ts';
import type { Result } from '../../../src/domain/result.ts';
import type { ExitReport, LaunchIntent, RunnerHandle } from '../../../src/ports/launcher.ts';
import { ask, exitOf, intentFor, startOf, type LauncherFixture } from '../../conformance/launcher/fixture.ts';
import { makeNamespace, type TestNamespace } from './cluster.ts';
import { makeKubernetes, openKubernetes } from './fixture.ts';

let made: TestNamespace | null = null;
const namespace = (): TestNamespace => {
  assert.ok(made);
  return made;
};
before(async () => {
  made = await makeNamespace();
});
after(() => made?.remove());

const withEngine =
  (over: Partial<KubernetesEngine>, body: (fixture: LauncherFixture) => Promise<void>) =>
  async (): Promise<void> => {
    const fixture = await makeKubernetes(namespace(), over);
    try {
      await body(fixture);
    } finally {
      await fixture.end();
    }
  };

const refusalOf = async (fixture: LauncherFixture, over: Partial<LaunchIntent> = {}) => {
  const intent = intentFor(fixture, { do: 'exit', code: 0 }, over);
  // Told only once nothing of it is left, which a busy node takes its time for.
  const started = await new Promise<Result<RunnerHandle, PortError>>((resolve) => fixture.launcher.start(intent, resolve));
  assert.ok(!started.ok, 'it was started');
  return started.error;
};

const outcomeOfExit = (exit: ExitReport) => outcomeOf({ ...exit, result: null });

describe('a start fails for good, and says why, for', () => {
  it('an image that is not on the node', withEngine({ image: 'nowhere/at-all:1', pullPolicy: 'never' }, async (fixture) => {
    const error = await refusalOf(fixture);
    assert.deepEqual(error, { kind: 'permanent', message: 'image nowhere/at-all:1 is not on the node, and pull_policy never forbids to pull it' });
    assert.deepEqual(await namespace().list('pods'), []);
  }));

  it('an image with a name that is none', withEngine({ image: 'Not:A:Name', pullPolicy: 'never' }, async (fixture) => {
    const error = await refusalOf(fixture);
    assert.equal(error.kind, 'permanent');
    assert.match(error.message, /image name Not:A:Name is invalid/);
  }));

  it('a Secret that is missing', withEngine({ secretEnv: { TOKEN: { secret: 'absent', key: 'token' } } }, async (fixture) => {
    const error = await refusalOf(fixture);
    assert.equal(error.kind, 'permanent');
    assert.match(error.message, /CreateContainerConfigError: secret "absent" not found/);
  }));

  it('a namespace that is not there', async () => {
    const fixture = await makeKubernetes(namespace());
    const engine = namespace().engine({ namespace: 'dispatcher-e2e-nowhere' });
    const launcher = openKubernetes(engine, fixture.registry);
    try {
      const error = await refusalOf({ ...fixture, launcher, engine });
      assert.equal(error.kind, 'permanent');
      assert.match(error.message, /namespaces "dispatcher-e2e-nowhere" not found/);
    } finally {
      await ask<null>((reply) => launcher.close(reply));
      await fixture.end();
    }
  });

  it('a service account that is not there', withEngine({ serviceAccount: 'nobody' }, async (fixture) => {
    const error = await refusalOf(fixture);
    assert.equal(error.kind, 'permanent');
    assert.match(error.message, /FailedCreate: .*serviceaccount "nobody" not found/);
  }));

  it('an image without a shell', withEngine({}, async (fixture) => {
    const command = ['/no/such/program'];
    const error = await refusalOf(fixture, { command, engine: namespace().engine({ shell: false }) });
    assert.deepEqual(error, { kind: 'permanent', message: 'command not found: /no/such/program' });
  }));
});

describe('a start may be tried again, and says why, for', () => {
  it('an image that cannot be pulled just now', withEngine({ image: '127.0.0.1:1/nothing:1', pullPolicy: 'always' }, async (fixture) => {
    const error = await refusalOf(fixture);
    assert.equal(error.kind, 'transient');
    assert.match(error.message, /image 127\.0\.0\.1:1\/nothing:1 cannot be pulled \(ImagePullBackOff\)/);
  }));

  it('a pod that fits on no node', async () => {
    const told: string[] = [];
    const fixture = await makeKubernetes(namespace());
    const engine = namespace().engine({ scheduleTimeoutMs: 4_000 });
    const launcher = openKubernetes(engine, fixture.registry, (message) => told.push(message));
    try {
      const error = await refusalOf({ ...fixture, launcher, engine }, { resources: { cpu: 5_000, memory: 0 } });
      assert.equal(error.kind, 'transient');
      assert.match(error.message, /^not started within 4 s: Unschedulable: .*Insufficient cpu/);
      assert.match(told.join('\n'), /^its pod waits: Unschedulable: .*Insufficient cpu/);
    } finally {
      await ask<null>((reply) => launcher.close(reply));
      await fixture.end();
    }
  });
});

describe('an end has its reason', () => {
  it('out of memory', withEngine({}, async (fixture) => {
    const command = ['awk', 'BEGIN { s = "0123456789"; while (1) s = s s }'];
    const intent = intentFor(fixture, command, { resources: { cpu: 0, memory: 32 } });
    const exit = await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
    assert.deepEqual(exit.cause, { kind: 'outOfMemory', limitMb: 32 });
    assert.match(JSON.stringify(outcomeOfExit(exit)), /"failed","reason":"out of memory \(limit 32 MB\)/);
  }));

  it('the deadline of its Job, when nobody else is there to stop it', withEngine({}, async (fixture) => {
    const intent = intentFor(fixture, { do: 'hang' }, { timeoutMs: 1 });
    const exit = await exitOf(fixture.launcher, await startOf(fixture.launcher, intent));
    assert.equal(exit.cause?.kind, 'timedOut');
    assert.equal(outcomeOfExit(exit).kind, 'timedOut');
  }));

  it('a Job that somebody else deleted', withEngine({}, async (fixture) => {
    const handle = await startOf(fixture.launcher, intentFor(fixture, { do: 'hang' }));
    const ended = new Promise((resolve) => void fixture.launcher.watch(handle, resolve));
    assert.ok(handle.kind === 'job');
    await namespace().api.delete(`/apis/batch/v1/namespaces/${namespace().name}/jobs/${handle.name}`, { propagationPolicy: 'Background' });
    // Whether its kubelet still tells how it ended is a matter of luck.
    assert.match(JSON.stringify(await ended), /"vanished","reason":"its (?:Job|pod) |"signal":"SIG(?:TERM|KILL)"/);
  }));
});
