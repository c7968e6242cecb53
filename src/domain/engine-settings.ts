/** How a pool's runners are run, by type of engine. Times in ms, memory in MB, CPU in cores. */

export interface LocalProcessEngine {
  readonly type: 'local-process';
}

export interface DockerEngine {
  readonly type: 'docker';
  /** Image that a container is made from. */
  readonly image: string;
  readonly pullPolicy: PullPolicy;
}

export interface KubernetesEngine {
  readonly type: 'kubernetes';
  readonly namespace: string;
  readonly image: string;
  readonly pullPolicy: PullPolicy;
  /** Absolute path of a Job as YAML, whose fields go over the built-in ones; `null`: none. */
  readonly jobTemplate: string | null;
}

export const PULL_POLICIES = ['always', 'if-not-present', 'never'] as const;
export type PullPolicy = (typeof PULL_POLICIES)[number];

export type EngineSettings = LocalProcessEngine | DockerEngine | KubernetesEngine;

export const POOL_TYPES = ['local-process', 'docker', 'kubernetes'] as const satisfies readonly EngineSettings['type'][];
export type PoolType = EngineSettings['type'];
