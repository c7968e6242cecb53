import type { Resources } from './task.ts';

/** How a pool's runners are run, by type of engine. Times in ms, memory in MB, CPU in cores. */

export interface LocalProcessEngine {
  readonly type: 'local-process';
  /** Absent: runners are what the dispatcher is, and may what it may. */
  readonly confinement?: Confinement;
}

/** What sets the runners of a local pool apart from the dispatcher. */
export interface Confinement {
  /** `null`: the dispatcher's own. */
  readonly user: RunUser | null;
  readonly sandbox: Sandbox | null;
  /** By so much nicer than the dispatcher, 0 to 19. */
  readonly nice: number;
  /** `null`: none. */
  readonly limits: EngineLimits | null;
}

/** A user of this machine. */
export interface RunUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Supplementary ones, `gid` among them or not. */
  readonly groups: readonly number[];
  readonly home: string;
  readonly shell: string;
}

/** What a sandboxed runner sees of this machine: all of it, to read, but for what is hidden. Paths are absolute. */
export interface Sandbox {
  readonly type: 'bubblewrap';
  /** `none`: a network of its own with nobody on it, the dispatcher's API included. */
  readonly network: 'host' | 'none';
  readonly hidden: readonly string[];
  /** Shown again where they lie in something hidden. */
  readonly readOnly: readonly string[];
  readonly writable: readonly string[];
}

/** What one runner may use at most where its task names nothing; `null`: what the pool gives by default. */
export interface EngineLimits {
  readonly cpu: number | null;
  readonly memory: number | null;
}

export interface DockerEngine {
  readonly type: 'docker';
  /** `unix:///…`, `tcp://…` or `npipe://…`; `null`: as `DOCKER_HOST` says, or else the usual socket. */
  readonly host: string | null;
  /** Image that a container is made from. */
  readonly image: string;
  readonly pullPolicy: PullPolicy;
  readonly limits: EngineLimits;
  /** Devices as `docker run --gpus` has them: how many, or which by their ids; `null`: none. */
  readonly gpus: 'all' | number | readonly string[] | null;
  /** Network by name, also `none` or `host`; `null`: the engine's default. */
  readonly network: string | null;
  readonly volumes: readonly VolumeMount[];
  /** Files by the name they have in {@link INSIDE.secrets}: absolute paths here. */
  readonly secrets: Readonly<Record<string, string>>;
  /** `uid`, `uid:gid` or names of the image; `null`: the dispatcher's own, so that files stay its own. */
  readonly user: string | null;
  readonly privileged: boolean;
  /** Linux capabilities beyond none, such as `NET_BIND_SERVICE`. */
  readonly capAdd: readonly string[];
  readonly readOnlyRoot: boolean;
  /** Processes and threads at the same time. */
  readonly pidsLimit: number;
}

/** A docker pool that names nothing but its image. */
export const DOCKER_DEFAULTS: Omit<DockerEngine, 'image'> = {
  type: 'docker',
  host: null,
  pullPolicy: 'if-not-present',
  limits: { cpu: null, memory: null },
  gpus: null,
  network: null,
  volumes: [],
  secrets: {},
  user: null,
  privileged: false,
  capAdd: [],
  readOnlyRoot: false,
  // More than a build needs, fewer than a fork bomb.
  pidsLimit: 4096,
};

export interface VolumeMount {
  /** Absolute path here, or the name of a volume of the engine. */
  readonly source: string;
  /** Absolute path inside. */
  readonly target: string;
  readonly readOnly: boolean;
}

export interface KubernetesEngine {
  readonly type: 'kubernetes';
  /** Absolute path; `null`: as `KUBECONFIG` says, else the usual file, else the pod's own service account. */
  readonly kubeconfig: string | null;
  /** Of the kubeconfig; `null`: its current one. */
  readonly context: string | null;
  /** `null`: that of the context or of the dispatcher's own pod, else `default`. */
  readonly namespace: string | null;
  /** `null`: named by the template. */
  readonly image: string | null;
  readonly pullPolicy: PullPolicy;
  readonly limits: EngineLimits;
  /** What the scheduler sets aside for a task that names nothing, as the pool counts it; 0: nothing. */
  readonly requests: Resources;
  /** A Job whose fields go over the built-in ones, as read from the pool's template; `null`: none. */
  readonly jobTemplate: Readonly<Record<string, unknown>> | null;
  /** Whether the image has a `/bin/sh`, which hands back `result.json`; without it results come by HTTP alone. */
  readonly shell: boolean;
  readonly serviceAccount: string | null;
  readonly imagePullSecrets: readonly string[];
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Variables whose values are in Secrets of the namespace. */
  readonly secretEnv: Readonly<Record<string, SecretKey>>;
  /** Secrets as folders of files, by the absolute path inside. */
  readonly secretFiles: Readonly<Record<string, string>>;
  readonly workspace: PodWorkspace;
  /** How long a pod may wait for a node, its image and its volumes, ms. */
  readonly scheduleTimeoutMs: number;
  /** The longest grace that a stop can give, ms: a pod never gets more than it was made with. */
  readonly longestGraceMs: number;
}

export interface SecretKey {
  readonly secret: string;
  readonly key: string;
}

export interface Toleration {
  readonly key: string | null;
  readonly operator: 'Equal' | 'Exists';
  readonly value: string | null;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute' | null;
  readonly tolerationSeconds: number | null;
}

/** What a pod has at `/workspace`. */
export type PodWorkspace =
  | { readonly kind: 'empty' }
  /** A PersistentVolumeClaim of the namespace; each runner has a folder of its own in it, named by its slot. */
  | { readonly kind: 'claim'; readonly name: string }
  /** Cloned by an init container; what is to be kept the runner pushes itself. */
  | {
      readonly kind: 'clone';
      readonly remote: string;
      /** Branch or tag; `null`: what the remote has as its HEAD. */
      readonly base: string | null;
      /** Secret with `username` and `password`, or `ssh-privatekey`; `null`: none is needed. */
      readonly secret: string | null;
      /** Has git and a shell; `null`: the pool's own image. */
      readonly image: string | null;
    };

export const PULL_POLICIES = ['always', 'if-not-present', 'never'] as const;
export type PullPolicy = (typeof PULL_POLICIES)[number];

export type EngineSettings = LocalProcessEngine | DockerEngine | KubernetesEngine;

export const POOL_TYPES = ['local-process', 'docker', 'kubernetes'] as const satisfies readonly EngineSettings['type'][];
export type PoolType = EngineSettings['type'];
