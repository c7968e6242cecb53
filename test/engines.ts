import { DOCKER_DEFAULTS, type DockerEngine, type KubernetesEngine } from '../src/domain/engine-settings.ts';

/** A docker pool's engine as it is when nothing but the image is named. */
export const dockerEngine = (over: Partial<DockerEngine> = {}): DockerEngine => ({
  ...DOCKER_DEFAULTS,
  image: 'busybox',
  ...over,
});

/** A kubernetes pool's engine as it is when nothing but the image is named. */
export const kubernetesEngine = (over: Partial<KubernetesEngine> = {}): KubernetesEngine => ({
  type: 'kubernetes',
  kubeconfig: null,
  context: null,
  namespace: null,
  image: 'busybox',
  pullPolicy: 'if-not-present',
  limits: { cpu: null, memory: null },
  requests: { cpu: 0, memory: 0 },
  jobTemplate: null,
  shell: true,
  serviceAccount: null,
  imagePullSecrets: [],
  nodeSelector: {},
  tolerations: [],
  labels: {},
  annotations: {},
  secretEnv: {},
  secretFiles: {},
  workspace: { kind: 'empty' },
  scheduleTimeoutMs: 300_000,
  longestGraceMs: 30_000,
  ...over,
});
