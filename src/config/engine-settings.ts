import { DOCKER_DEFAULTS, type DockerEngine, type EngineLimits, type EngineSettings, type PoolType } from '../domain/engine-settings.ts';
import type { WrittenPool } from './configuration-schema.ts';
import { dockerKeys } from './docker-pool-schema.ts';
import type { Finding } from './finding.ts';
import { kubernetesEngineOf, type KubernetesTerms } from './kubernetes-engine.ts';
import { kubernetesKeys } from './kubernetes-pool-schema.ts';
import { localProcessEngine, type LocalMachine } from './local-process-settings.ts';

type WrittenConfig = NonNullable<WrittenPool['config']>;

const limitsOf = ({ resources }: WrittenConfig): EngineLimits => ({
  cpu: resources?.cpu_limit ?? null,
  memory: resources?.memory_limit ?? null,
});

/** A source without a slash is the name of a volume. */
const isPath = (source: string): boolean => source.includes('/') || source.startsWith('.');

const dockerEngineOf = (config: WrittenConfig, absolute: (path: string) => string): DockerEngine => ({
  type: 'docker',
  host: config.host ?? DOCKER_DEFAULTS.host,
  image: config.image ?? '',
  pullPolicy: config.pull_policy ?? DOCKER_DEFAULTS.pullPolicy,
  limits: limitsOf(config),
  gpus: config.gpus ?? DOCKER_DEFAULTS.gpus,
  network: config.network ?? DOCKER_DEFAULTS.network,
  volumes: (config.volumes ?? DOCKER_DEFAULTS.volumes).map((volume) => ({
    ...volume,
    source: isPath(volume.source) ? absolute(volume.source) : volume.source,
  })),
  secrets: Object.fromEntries(Object.entries(config.secrets ?? {}).map(([name, path]) => [name, absolute(path)])),
  user: config.user ?? DOCKER_DEFAULTS.user,
  privileged: config.privileged ?? DOCKER_DEFAULTS.privileged,
  capAdd: config.cap_add ?? DOCKER_DEFAULTS.capAdd,
  readOnlyRoot: config.read_only ?? DOCKER_DEFAULTS.readOnlyRoot,
  pidsLimit: config.pids_limit ?? DOCKER_DEFAULTS.pidsLimit,
});

export type EngineTerms = LocalMachine & Omit<KubernetesTerms, 'limits'>;

/** How the runners of a pool are run. */
export const engineSettingsOf = (written: WrittenPool, terms: EngineTerms): EngineSettings => {
  const config = written.config ?? {};
  switch (written.type) {
    case 'local-process':
      return localProcessEngine(written, terms);
    case 'docker':
      return dockerEngineOf(config, terms.absolute);
    case 'kubernetes':
      return kubernetesEngineOf(config, { ...terms, limits: limitsOf(config) });
  }
};

const IMAGE_KEYS = ['image', 'pull_policy'];
/** Keys under `config` that not every pool has. */
const OWN_KEYS: Readonly<Record<PoolType, readonly string[]>> = {
  'local-process': [],
  docker: [...IMAGE_KEYS, ...Object.keys(dockerKeys)],
  kubernetes: [...IMAGE_KEYS, ...Object.keys(kubernetesKeys)],
};

/** Keys that mean nothing to an engine of this type, and those it cannot do without. */
export const engineFindings = (name: string, { type, config }: WrittenPool): readonly Finding[] => {
  const said = (key: string, message: string): Finding => ({
    path: ['agent_pools', name, 'config', key],
    complaint: { kind: 'said', message },
  });
  const strange = Object.entries(config ?? {}).filter(
    ([key, value]) => value != null && !OWN_KEYS[type].includes(key) && Object.values(OWN_KEYS).flat().includes(key),
  );
  const findings = strange.map(([key]) => said(key, `${key} means nothing to a pool of type ${type}; take it out`));
  if (type === 'local-process' || config?.image != null) return findings;
  if (type === 'kubernetes' && config?.job_template != null) return findings;
  return [...findings, said('image', `a pool of type ${type} needs an image; write image: "NAME:TAG"`)];
};
