import type Docker from 'dockerode';
import { INSIDE } from '../../domain/engine-paths.ts';
import type { DockerEngine } from '../../domain/engine-settings.ts';
import type { RegistryId } from '../../domain/ids.ts';
import type { LaunchIntent } from '../../ports/launcher.ts';
import { labelsOf } from './names.ts';

/** What a container needs that the intent does not say. */
export interface ContainerTerms {
  readonly registry: RegistryId;
  readonly engine: DockerEngine;
  /** `uid:gid`, or `uid` alone. */
  readonly user: string;
  /** Folder here that is seen as the run directory. */
  readonly sharedDir: string;
  /** Folder here with the secrets; `null`: there are none. */
  readonly secretsDir: string | null;
  /** Whether the image has `/bin/sh`. */
  readonly hasShell: boolean;
}

const MB = 2 ** 20;
const NANO = 1e9;

/** Variables that a shell takes over from its environment, and so hands on. */
const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Both streams into one: the engine reads them through two pipes, and what was written in turn would
 * come out in any order. Needs a shell; without one the command runs as it is. Some shells drop
 * variables whose names they cannot take, and set some of their own.
 */
const inOneStream = ({ command, env }: LaunchIntent): readonly string[] => {
  const dropped = Object.entries(env).filter(([name]) => !SHELL_NAME.test(name));
  const again = dropped.length === 0 ? [] : ['env', ...dropped.map(([name, value]) => `${name}=${value}`)];
  const own = ['PWD', 'OLDPWD', 'SHLVL', '_'].filter((name) => !Object.hasOwn(env, name));
  return ['/bin/sh', '-c', `unset ${own.join(' ')}; exec "$@" 2>&1`, 'sh', ...again, ...command];
};

const deviceRequests = (gpus: DockerEngine['gpus']): Docker.DeviceRequest[] => {
  if (gpus === null) return [];
  const common = { Driver: '', Capabilities: [['gpu']] };
  if (gpus === 'all') return [{ ...common, Count: -1 }];
  return typeof gpus === 'number' ? [{ ...common, Count: gpus }] : [{ ...common, DeviceIDs: [...gpus] }];
};

const bind = (source: string, target: string, readOnly: boolean): Docker.MountConfig[number] => ({
  // By `Mounts` and not `Binds`: a source that is not there is refused, instead of made as root.
  Type: source.startsWith('/') ? 'bind' : 'volume',
  Source: source,
  Target: target,
  ReadOnly: readOnly,
});

const mounts = (intent: LaunchIntent, { engine, sharedDir, secretsDir }: ContainerTerms): Docker.MountConfig => [
  bind(intent.cwd, INSIDE.slot, false),
  bind(sharedDir, INSIDE.runDir, false),
  ...(secretsDir === null ? [] : [bind(secretsDir, INSIDE.secrets, true)]),
  ...engine.volumes.map(({ source, target, readOnly }) => bind(source, target, readOnly)),
];

/** Limits as the engine enforces them; no swap, or a limit of memory would be none. */
const limits = ({ resources }: LaunchIntent, { engine }: ContainerTerms): Docker.HostConfig => {
  const memory = Math.ceil(resources.memory * MB);
  return {
    ...(resources.cpu > 0 ? { NanoCpus: Math.round(resources.cpu * NANO) } : {}),
    ...(memory > 0 ? { Memory: memory, MemorySwap: memory } : {}),
    PidsLimit: engine.pidsLimit,
    DeviceRequests: deviceRequests(engine.gpus),
  };
};

/** The container of one attempt. Pure. @see Docker Engine API, "Create a container" */
export const containerSpec = (intent: LaunchIntent, terms: ContainerTerms): Docker.ContainerCreateOptions => {
  const { engine } = terms;
  return {
    name: intent.runnerId,
    Image: engine.image,
    // In place of the image's own entry point: a task's command is the whole command.
    Entrypoint: [...(terms.hasShell ? inOneStream(intent) : intent.command)],
    Env: Object.entries(intent.env).map(([name, value]) => `${name}=${value}`),
    WorkingDir: INSIDE.slot,
    User: terms.user,
    Labels: { ...labelsOf(intent, terms.registry) },
    AttachStdout: false,
    AttachStderr: false,
    HostConfig: {
      ...limits(intent, terms),
      Mounts: mounts(intent, terms),
      ...(engine.network === null ? {} : { NetworkMode: engine.network }),
      Privileged: engine.privileged,
      ...(engine.privileged ? {} : { CapDrop: ['ALL'], CapAdd: [...engine.capAdd], SecurityOpt: ['no-new-privileges'] }),
      ReadonlyRootfs: engine.readOnlyRoot,
      ...(engine.readOnlyRoot ? { Tmpfs: { '/tmp': 'rw,nosuid,nodev' } } : {}),
      // Reaps orphans and passes signals on: few programs can be process 1.
      Init: true,
      AutoRemove: false,
      RestartPolicy: { Name: 'no' },
      // Bytes as they are, all of them: the usual driver replaces what is not UTF-8, this one cuts at 100 MB unless told.
      LogConfig: { Type: 'local', Config: { 'max-size': '1t', 'max-file': '1', compress: 'false' } },
    },
  };
};
