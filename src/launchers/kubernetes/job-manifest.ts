import { INSIDE } from '../../domain/engine-paths.ts';
import type { KubernetesEngine, Toleration } from '../../domain/engine-settings.ts';
import { portError, type PortError } from '../../domain/failures.ts';
import type { RegistryId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { LaunchIntent } from '../../ports/launcher.ts';
import { isFields, mergeFields, type Fields } from './merge-fields.ts';
import { jobNameOf, labelValue, REGISTRY_LABEL, RUNNER_ANNOTATION, RUNNER_CONTAINER, RUNNER_LABEL } from './names.ts';
import { RUN_SCRIPT } from './run-script.ts';
import { escaped, workspaceParts } from './workspace.ts';

/** An object's annotations may have 256 KiB together; some of it is left for others. */
const LONGEST_CONTEXT = 240 * 1024;
const CONTEXT_ANNOTATION = 'dispatcher/context';
/** Between the end that the dispatcher sets and the one that Kubernetes sets should nobody else, in seconds. */
const DEADLINE_MARGIN = 30;

const PULL_POLICY = { always: 'Always', 'if-not-present': 'IfNotPresent', never: 'Never' } as const;

const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** What the API server takes as the name of a variable. */
const VARIABLE = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

/** argv of the container. A shell drops variables whose names it could not read itself: `env` sets those. */
const commandOf = (intent: LaunchIntent, engine: KubernetesEngine): readonly string[] => {
  if (!engine.shell) return intent.command;
  const foreign = Object.entries(intent.env).filter(([name]) => !SHELL_NAME.test(name));
  const set = foreign.length === 0 ? [] : ['env', ...foreign.map(([name, value]) => `${name}=${value}`)];
  return ['/bin/sh', '-c', RUN_SCRIPT, `${INSIDE.runDir}/result.json`, ...set, ...intent.command];
};

const variables = (intent: LaunchIntent, engine: KubernetesEngine): readonly Fields[] => [
  ...Object.entries(engine.secretEnv).map(([name, { secret, key }]) => ({
    name,
    valueFrom: { secretKeyRef: { name: secret, key } },
  })),
  ...Object.entries(intent.env).map(([name, value]) => ({ name, value: escaped(value) })),
];

const cores = (cpu: number): string => `${Math.max(1, Math.round(cpu * 1000))}m`;
const megabytes = (memory: number): string => `${Math.max(1, Math.ceil(memory))}Mi`;

const amounts = (cpu: number, memory: number): Fields => ({
  ...(cpu > 0 ? { cpu: cores(cpu) } : {}),
  ...(memory > 0 ? { memory: megabytes(memory) } : {}),
});

/** What a task names itself is request and limit; else the limit may be more than what the pool counts for it. */
const requested = (used: number, limit: number | null, byDefault: number): number =>
  limit !== null && used === limit && byDefault > 0 ? Math.min(used, byDefault) : used;

const resourcesOf = ({ resources: { cpu, memory } }: LaunchIntent, { limits, requests }: KubernetesEngine): Fields => ({
  limits: amounts(cpu, memory),
  requests: amounts(requested(cpu, limits.cpu, requests.cpu), requested(memory, limits.memory, requests.memory)),
});

const toleration = (one: Toleration): Fields => ({
  operator: one.operator,
  ...(one.key === null ? {} : { key: one.key }),
  ...(one.value === null ? {} : { value: one.value }),
  ...(one.effect === null ? {} : { effect: one.effect }),
  ...(one.tolerationSeconds === null ? {} : { tolerationSeconds: one.tolerationSeconds }),
});

/** Seconds after which Kubernetes ends it by itself: the container, and the whole Job with its waiting. */
const deadlines = (intent: LaunchIntent, engine: KubernetesEngine): { readonly pod: number; readonly job: number } => {
  const pod = Math.ceil((intent.timeoutMs + engine.longestGraceMs) / 1000) + DEADLINE_MARGIN;
  return { pod, job: pod + Math.ceil(engine.scheduleTimeoutMs / 1000) + DEADLINE_MARGIN };
};

/** Ours in every case, over whatever a template says. */
const ownContainer = (intent: LaunchIntent, engine: KubernetesEngine): Fields => ({
  name: RUNNER_CONTAINER,
  command: commandOf(intent, engine).map(escaped),
  args: [],
  env: variables(intent, engine),
  resources: resourcesOf(intent, engine),
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
});

const builtIn = (intent: LaunchIntent, engine: KubernetesEngine): Fields => {
  const { volumes, mounts, initContainers } = workspaceParts(intent, engine);
  const secretFiles = Object.entries(engine.secretFiles).map(([path, secret], i) => ({ path, secret, name: `secret-${i}` }));
  return {
    metadata: { labels: engine.labels, annotations: engine.annotations },
    spec: {
      template: {
        metadata: { labels: engine.labels, annotations: engine.annotations },
        spec: {
          automountServiceAccountToken: engine.serviceAccount !== null,
          enableServiceLinks: false,
          // The pause process is the first of the pod: it reaps orphans, and signals reach the others as usual.
          shareProcessNamespace: true,
          terminationGracePeriodSeconds: Math.max(1, Math.ceil(engine.longestGraceMs / 1000)),
          ...(engine.serviceAccount === null ? {} : { serviceAccountName: engine.serviceAccount }),
          imagePullSecrets: engine.imagePullSecrets.map((name) => ({ name })),
          nodeSelector: engine.nodeSelector,
          tolerations: engine.tolerations.map(toleration),
          ...(initContainers.length === 0 ? {} : { initContainers }),
          containers: [
            {
              name: RUNNER_CONTAINER,
              ...(engine.image === null ? {} : { image: engine.image }),
              imagePullPolicy: PULL_POLICY[engine.pullPolicy],
              workingDir: INSIDE.slot,
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
              volumeMounts: [
                ...mounts,
                { name: 'run', mountPath: INSIDE.runDir },
                { name: 'context', mountPath: `${INSIDE.runDir}/context.json`, subPath: 'context.json', readOnly: true },
                ...secretFiles.map(({ name, path }) => ({ name, mountPath: path, readOnly: true })),
              ],
            },
          ],
          volumes: [
            ...volumes,
            { name: 'run', emptyDir: {} },
            {
              name: 'context',
              downwardAPI: { items: [{ path: 'context.json', fieldRef: { fieldPath: `metadata.annotations['${CONTEXT_ANNOTATION}']` } }] },
            },
            ...secretFiles.map(({ name, secret }) => ({ name, secret: { secretName: secret } })),
          ],
        },
      },
    },
  };
};

const own = (intent: LaunchIntent, engine: KubernetesEngine, registry: RegistryId, namespace: string): Fields => {
  const labels = {
    'app.kubernetes.io/managed-by': 'dispatcher',
    [REGISTRY_LABEL]: registry,
    [RUNNER_LABEL]: labelValue(intent.runnerId),
    'dispatcher.pool': labelValue(intent.pool),
    'dispatcher.attempt': String(intent.attempt),
  };
  const annotations = { [RUNNER_ANNOTATION]: intent.runnerId, 'dispatcher/task': intent.task };
  const { pod, job } = deadlines(intent, engine);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: jobNameOf(intent.runnerId), namespace, labels, annotations },
    spec: {
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      activeDeadlineSeconds: job,
      // From Kubernetes 1.28 on: a pod that is deleted (node drained) is not replaced before it is dead.
      podReplacementPolicy: 'Failed',
      template: {
        metadata: { labels, annotations: { ...annotations, [CONTEXT_ANNOTATION]: intent.context } },
        spec: { restartPolicy: 'Never', activeDeadlineSeconds: pod, containers: [ownContainer(intent, engine)] },
      },
    },
  };
};

/**
 * The Job of an attempt: what is built in, the pool's template over it, and over both what makes it
 * this attempt. Fails with `permanent` where the intent does not fit into a pod.
 */
export const jobManifest = (
  intent: LaunchIntent,
  engine: KubernetesEngine,
  registry: RegistryId,
  namespace: string,
): Result<Fields, PortError> => {
  const size = Buffer.byteLength(intent.context);
  if (size > LONGEST_CONTEXT) {
    const message = `the task context has ${size} bytes, and a pod carries ${LONGEST_CONTEXT}; shorten description or metadata`;
    return err(portError('permanent', `${intent.task}: ${message}`));
  }
  const odd = Object.keys(intent.env).find((name) => !VARIABLE.test(name));
  if (odd !== undefined) {
    const rule = 'Kubernetes takes letters, digits, "_", "-" and "." only, and no digit first; rename it';
    return err(portError('permanent', `${intent.task}: environment variable ${JSON.stringify(odd)}: ${rule}`));
  }
  const merged = mergeFields(mergeFields(builtIn(intent, engine), engine.jobTemplate ?? {}), own(intent, engine, registry, namespace));
  return isFields(merged) ? ok(merged) : err(portError('permanent', 'the Job template is not a mapping'));
};
