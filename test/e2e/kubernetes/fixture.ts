import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesEngine } from '../../../src/domain/engine-settings.ts';
import { registryId, type RegistryId } from '../../../src/domain/ids.ts';
import { createKubernetesLauncher } from '../../../src/launchers/kubernetes/launcher.ts';
import type { Launcher } from '../../../src/ports/launcher.ts';
import { ask, valueOf, type Job, type LauncherFixture } from '../../conformance/launcher/fixture.ts';
import type { TestNamespace } from './cluster.ts';

const sh = (script: string, ...args: readonly string[]): readonly string[] => ['sh', '-c', script, 'sh', ...args];

export const commandOf = (job: Job): readonly string[] => {
  switch (job.do) {
    case 'exit':
      return sh('exit "$1"', String(job.code));
    case 'dieBy':
      return sh('kill -"$1" $$; sleep 10', job.signal.slice(3));
    case 'count':
      return ['awk', `BEGIN { for (i = 1; i <= ${job.lines}; i++) printf "%0${job.width - 1}d\\n", i }`];
    case 'alternate':
      return sh('i=0; while [ $i -lt "$1" ]; do echo "o$i"; echo "e$i" >&2; i=$((i + 1)); done', String(job.times));
    case 'hang':
      return sh('echo ready; exec sleep 1000');
    case 'hangOn':
      return sh('trap "" TERM; echo ready; while :; do sleep 1000; done');
    case 'writeResult':
      return sh('printf %s "$1" > "$RUN_DIR/result.tmp" && mv "$RUN_DIR/result.tmp" "$RUN_DIR/result.json"; exit "$2"', job.text, String(job.code));
    case 'showArguments':
      return sh('for argument in "$@"; do printf "%s\\0" "$argument"; done', ...job.arguments);
    case 'showDirectory':
      return sh('printf "%s\\0" "$(pwd)"');
    case 'showEnvironment':
      return ['cat', '/proc/self/environ'];
  }
};

/** Of the container engine, of Kubernetes, and of the shell that runs the command. */
const ENGINE_VARIABLES = ['PATH', 'HOSTNAME', 'HOME', 'PWD', 'OLDPWD', 'SHLVL', '_'];
const KUBERNETES_VARIABLES = ['HOST', 'PORT', 'PORT_HTTPS'].map((name) => `KUBERNETES_SERVICE_${name}`).concat(
  ['', '_443_TCP', '_443_TCP_ADDR', '_443_TCP_PORT', '_443_TCP_PROTO'].map((end) => `KUBERNETES_PORT${end}`),
);

export interface KubernetesFixture extends LauncherFixture {
  readonly registry: RegistryId;
  readonly root: string;
}

export const openKubernetes = (
  engine: KubernetesEngine,
  registry: RegistryId,
  preparing: (message: string) => void = () => undefined,
): Launcher =>
  valueOf(createKubernetesLauncher(engine, { registryId: registry, preparing }));

/** A launcher of its own registry in a namespace that several share. */
export const makeKubernetes = async (namespace: TestNamespace, over: Partial<KubernetesEngine> = {}): Promise<KubernetesFixture> => {
  const root = await mkdtemp(join(tmpdir(), 'kubernetes-'));
  const registry = registryId(randomUUID());
  const engine = namespace.engine(over);
  let launcher = openKubernetes(engine, registry);
  return {
    root,
    registry,
    launcher,
    env: {},
    engine,
    cwd: root,
    runDir: (id) => join(root, 'runs', id),
    inside: { cwd: '/workspace', runDir: () => '/run/dispatcher' },
    engineVariables: [...ENGINE_VARIABLES, ...KUBERNETES_VARIABLES],
    quickStarts: 20,
    missingCommand: ['no-such-command-anywhere'],
    command: commandOf,
    reopen: async () => {
      await ask<null>((reply) => launcher.close(reply));
      launcher = openKubernetes(engine, registry);
      return launcher;
    },
    end: async () => {
      await ask<null>((reply) => launcher.close(reply));
      const selector = `dispatcher.registry=${registry}`;
      const jobs = `/apis/batch/v1/namespaces/${namespace.name}/jobs?labelSelector=${encodeURIComponent(selector)}`;
      await namespace.api.delete(jobs, { propagationPolicy: 'Background' });
      await rm(root, { recursive: true });
    },
  };
};
