import type { EngineLimits, KubernetesEngine, PodWorkspace } from '../domain/engine-settings.ts';
import type { Resources } from '../domain/task.ts';
import type { WrittenConfiguration, WrittenPool } from './configuration-schema.ts';
import type { Finding } from './finding.ts';
import type { InputError } from './input-error.ts';
import { namesImage, readJobTemplate } from './kubernetes-job-template.ts';

type WrittenConfig = NonNullable<WrittenPool['config']>;

const SCHEDULE_TIMEOUT_MS = 300_000;

const workspaceOf = ({ workspace }: WrittenConfig): PodWorkspace => {
  if (workspace?.claim != null) return { kind: 'claim', name: workspace.claim };
  const clone = workspace?.clone;
  if (clone == null) return { kind: 'empty' };
  return { kind: 'clone', remote: clone.remote, base: clone.base ?? null, secret: clone.secret ?? null, image: clone.image ?? null };
};

const templateOf = (config: WrittenConfig, absolute: (path: string) => string): KubernetesEngine['jobTemplate'] => {
  if (config.job_template == null) return null;
  const template = readJobTemplate(absolute(config.job_template));
  // What is wrong in it was told by templateErrors before.
  return template.ok ? template.value : null;
};

export interface KubernetesTerms {
  readonly absolute: (path: string) => string;
  readonly limits: EngineLimits;
  readonly requests: Resources;
  readonly stopGraceMs: number;
}

/** A kubernetes pool's engine with the defaults filled in. */
export const kubernetesEngineOf = (config: WrittenConfig, { absolute, limits, requests, stopGraceMs }: KubernetesTerms): KubernetesEngine => ({
  type: 'kubernetes',
  kubeconfig: config.kubeconfig == null ? null : absolute(config.kubeconfig),
  context: config.context ?? null,
  namespace: config.namespace ?? null,
  image: config.image ?? null,
  pullPolicy: config.pull_policy ?? 'if-not-present',
  limits,
  requests,
  jobTemplate: templateOf(config, absolute),
  shell: config.shell ?? true,
  serviceAccount: config.service_account ?? null,
  imagePullSecrets: config.image_pull_secrets ?? [],
  nodeSelector: config.node_selector ?? {},
  tolerations: (config.tolerations ?? []).map((one) => ({
    key: one.key ?? null,
    operator: one.operator ?? (one.value == null ? 'Exists' : 'Equal'),
    value: one.value ?? null,
    effect: one.effect ?? null,
    tolerationSeconds: one.toleration_seconds ?? null,
  })),
  labels: config.labels ?? {},
  annotations: config.annotations ?? {},
  secretEnv: config.secret_env ?? {},
  secretFiles: config.secret_files ?? {},
  workspace: workspaceOf(config),
  scheduleTimeoutMs: config.schedule_timeout ?? SCHEDULE_TIMEOUT_MS,
  longestGraceMs: stopGraceMs,
});

const said = (name: string, path: readonly string[], message: string): Finding => ({
  path: ['agent_pools', name, 'config', ...path],
  complaint: { kind: 'said', message },
});

/** What does not fit together in a kubernetes pool. */
export const kubernetesFindings = (name: string, config: WrittenConfig, repoPool: WrittenConfiguration['repo_pool']): readonly Finding[] => {
  const { workspace } = config;
  if (workspace?.claim != null && workspace.clone != null) {
    return [said(name, ['workspace'], 'has both claim and clone; keep one of them')];
  }
  const git = repoPool?.type != null && repoPool.type !== 'directory';
  if (!git || workspace?.clone != null) return [];
  const mend = 'set workspace: { clone: { remote: URL } }, or repo_pool.type to directory';
  return [said(name, ['workspace'], `a pod does not reach the git slots of this machine; ${mend}`)];
};

/** What is wrong in the template of a pool, with its place in that file. */
export const templateErrors = (config: WrittenConfig, absolute: (path: string) => string): readonly InputError[] => {
  if (config.job_template == null) return [];
  const template = readJobTemplate(absolute(config.job_template));
  if (!template.ok) return template.error;
  if (config.image != null || namesImage(template.value)) return [];
  const message = 'names no image for the container "runner"; expected one here, or as config.image of the pool';
  return [{ file: absolute(config.job_template), line: null, path: 'spec.template.spec.containers', message }];
};
