import { dirname, resolve } from 'node:path';
import { err, ok, type Result } from '../domain/result.ts';
import type { Configuration } from './configuration.ts';
import {
  contradictions,
  findConfiguration,
  poolsFileBeside,
  readConfigurationFile,
  type ConfigurationFile,
} from './configuration-files.ts';
import { configurationNotes } from './configuration-notes.ts';
import type { WrittenConfiguration, WrittenPool } from './configuration-schema.ts';
import { dispatcherSettingsOf } from './dispatcher-settings.ts';
import type { Environment } from './environment-expansion.ts';
import { locateFindings, type Finding } from './finding.ts';
import { quoted, type InputError } from './input-error.ts';
import { kubernetesFindings, templateErrors } from './kubernetes-engine.ts';
import type { LocalMachine } from './local-process-settings.ts';
import { nearestName } from './nearest-name.ts';
import { DEFAULT_POOLS, poolFindings, poolSettingsOf } from './pool-settings.ts';
import { policyFindings } from './scheduling-settings.ts';
import { repoPoolFindings, repoPoolOf } from './repo-pool-settings.ts';
import { systemAccounts, type UserAccounts } from './user-accounts.ts';
import { serverOf } from './server-settings.ts';

export interface ConfigurationRequest {
  /** What `-c` named; empty or absent: look in the usual places. */
  readonly files?: readonly string[];
  /** Absolute folder that relative names of files start from. */
  readonly cwd: string;
  /** Where `${NAME}` is looked up. */
  readonly env: Environment;
  /** Default: those of this machine. */
  readonly accounts?: UserAccounts;
}

type WrittenPools = Readonly<Record<string, WrittenPool>>;

const DEFAULT_REGISTRY = './.dispatcher/registry.db';

const readFiles = (
  request: ConfigurationRequest,
  names: readonly string[],
): Result<{ files: readonly ConfigurationFile[]; notes: readonly string[] }, readonly InputError[]> => {
  const read = (name: string) => readConfigurationFile(name, request.cwd, request.env);
  const files: ConfigurationFile[] = [];
  const errors: InputError[] = [];
  for (const name of names) {
    const file = read(name);
    if (file.ok) files.push(file.value);
    else errors.push(...file.error);
  }
  if (errors.length > 0) return err(errors);
  const beside = poolsFileBeside(files, request.cwd);
  if (beside.file !== null) {
    const pools = read(beside.file);
    if (!pools.ok) return pools;
    files.push(pools.value);
  }
  const contradictory = contradictions(files);
  if (contradictory.length > 0) return err(contradictory);
  return ok({ files, notes: beside.note === null ? [] : [beside.note] });
};

const unknownPools = (written: WrittenConfiguration, pools: WrittenPools): readonly Finding[] => {
  const known = Object.keys(pools);
  return Object.entries(written.skill_mapping ?? {}).flatMap(([skill, names]) =>
    names.flatMap((name, i): readonly Finding[] => {
      if (Object.hasOwn(pools, name)) return [];
      const nearest = nearestName(name, known);
      const mend = nearest === null ? 'add the pool, or take the name out' : `did you mean ${quoted(nearest)}?`;
      const message = `there is no pool ${quoted(name)}; expected one of ${known.join(', ')}; ${mend}`;
      return [{ path: ['skill_mapping', skill, i], complaint: { kind: 'said', message } }];
    }),
  );
};

const NO_POOLS: Finding = {
  path: ['agent_pools'],
  complaint: { kind: 'said', message: 'names no pool; expected at least one; add one, or take the key out' },
};

/** What the files say about each other; each error has the place in the file it comes from. */
const crossErrors = (
  files: readonly ConfigurationFile[],
  pools: WrittenPools,
  { absolute, accounts }: LocalMachine,
  whole: WrittenConfiguration,
): readonly InputError[] =>
  files.flatMap((file) => {
    const own = file.written.agent_pools;
    const noPools = own != null && Object.keys(own).length === 0 ? [NO_POOLS] : [];
    const inPools = Object.entries(own ?? {}).flatMap(([name, pool]) => [
      ...poolFindings(name, pool, accounts),
      ...(pool.type === 'kubernetes' ? kubernetesFindings(name, pool.config ?? {}, whole.repo_pool) : []),
    ]);
    const findings = [...noPools, ...inPools, ...unknownPools(file.written, pools), ...repoPoolFindings(file.written), ...policyFindings(file.written, absolute)];
    return findings.length === 0 ? [] : locateFindings(file.document, findings);
  });

/**
 * Reads and checks the configuration: the files named, or `config/dispatcher.yaml`, or
 * `dispatcher.yaml`, each with `agent-pools.yaml` beside it unless it has pools itself; without any
 * of them the defaults. Relative paths start from the folder of the first file, or, when that folder
 * is called `config`, from the one around it.
 *
 * @returns the whole configuration, or everything that is wrong, each as one line with its place
 */
export const loadConfiguration = (request: ConfigurationRequest): Result<Configuration, readonly InputError[]> => {
  const place = findConfiguration(request.files ?? [], request.cwd);
  const read = readFiles(request, place.files);
  if (!read.ok) return read;
  const { files } = read.value;
  const written: WrittenConfiguration = {};
  for (const file of files) {
    Object.assign(written, Object.fromEntries(Object.entries(file.written).filter(([, value]) => value != null)));
  }
  const pools = written.agent_pools ?? DEFAULT_POOLS;
  const absolute = (path: string): string => resolve(place.projectFolder, path);
  const machine = { accounts: request.accounts ?? systemAccounts(), home: request.env['HOME'] ?? '/', absolute };
  const templates = Object.values(pools).flatMap((pool) => (pool.type === 'kubernetes' ? templateErrors(pool.config ?? {}, absolute) : []));
  const errors = [...crossErrors(files, pools, machine, written), ...templates];
  if (errors.length > 0) return err(errors);

  const dispatcher = dispatcherSettingsOf(written, pools, absolute);
  const settings = Object.entries(pools).map(([name, pool]) =>
    poolSettingsOf(name, pool, dispatcher.maxGlobalConcurrency, { ...machine, stopGraceMs: dispatcher.stopGraceMs }),
  );
  const registryPath = absolute(written.registry?.path ?? DEFAULT_REGISTRY);
  return ok({
    sources: files.map((file) => file.path),
    dispatcher,
    registry: { path: registryPath, synchronous: written.registry?.synchronous ?? 'normal' },
    stateDir: written.state_dir == null ? dirname(registryPath) : absolute(written.state_dir),
    repoPool: repoPoolOf(written, dispatcher.slots, absolute),
    server: serverOf(written),
    pools: settings,
    notes: [...read.value.notes, ...configurationNotes(written, dispatcher, settings)],
  });
};
