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
  readonly namespace: string;
  readonly image: string;
  readonly pullPolicy: PullPolicy;
  readonly limits: EngineLimits;
  /** Absolute path of a Job as YAML, whose fields go over the built-in ones; `null`: none. */
  readonly jobTemplate: string | null;
}

export const PULL_POLICIES = ['always', 'if-not-present', 'never'] as const;
export type PullPolicy = (typeof PULL_POLICIES)[number];

export type EngineSettings = LocalProcessEngine | DockerEngine | KubernetesEngine;

export const POOL_TYPES = ['local-process', 'docker', 'kubernetes'] as const satisfies readonly EngineSettings['type'][];
export type PoolType = EngineSettings['type'];
