import type { DockerEngine, KubernetesEngine } from '../domain/engine-settings.ts';
import type { PortError } from '../domain/failures.ts';
import type { PoolName } from '../domain/ids.ts';
import { ok, type Result } from '../domain/result.ts';
import type { PoolSettings } from '../domain/settings.ts';
import type { Launcher } from '../ports/launcher.ts';
import type { LauncherTerms } from './launcher-terms.ts';
import { createLocalProcessLauncher } from './local-process/launcher.ts';
import { localPoolNotices, readyLocalPools, registryFiles } from './local-process/local-pools.ts';

export interface Launchers {
  /** By pool; pools of one engine share a launcher. */
  readonly byPool: ReadonlyMap<PoolName, Launcher>;
  /** Each of them once; more after an extension. */
  readonly all: () => readonly Launcher[];
  /** Finds or opens those of more pools; what is there stays. */
  readonly extend: (pools: readonly PoolSettings[]) => Promise<Result<null, PortError>>;
}

type Opened = Result<Launcher, PortError>;

const openDocker = async (engine: DockerEngine, terms: LauncherTerms): Promise<Opened> => {
  // Its client library is loaded only for those who have such a pool.
  const { openDockerLauncher } = await import('./docker/open.ts');
  return openDockerLauncher(engine, terms);
};

const openKubernetes = async (engine: KubernetesEngine, terms: LauncherTerms): Promise<Opened> => {
  // Likewise: a second, and 60 MB.
  const { createKubernetesLauncher } = await import('./kubernetes/launcher.ts');
  return createKubernetesLauncher(engine, terms);
};

const openFor = (engine: PoolSettings['engine'], terms: LauncherTerms, local: Launcher): Promise<Opened> | Opened => {
  switch (engine.type) {
    case 'local-process':
      return ok(local);
    case 'docker':
      return openDocker(engine, terms);
    case 'kubernetes':
      return openKubernetes(engine, terms);
  }
};

/** The launchers of these pools. That of local processes is always among them: it ends what an earlier one left. */
export const openLaunchers = async (
  pools: readonly PoolSettings[],
  terms: LauncherTerms,
): Promise<Result<Launchers, PortError>> => {
  const ready = readyLocalPools(pools, terms);
  if (!ready.ok) return ready;
  for (const line of localPoolNotices(pools)) terms.tell(line);
  const local = await createLocalProcessLauncher({ ...terms, secrets: registryFiles(terms) });
  if (!local.ok) return local;
  const byPool = new Map<PoolName, Launcher>();
  const byEngine = new Map<string, Launcher>([['local-process', local.value]]);
  const open = async (wanted: readonly PoolSettings[]): Promise<Result<null, PortError>> => {
    for (const { name, engine } of wanted) {
      const key = engineKey(engine);
      const known = byEngine.get(key);
      const opened: Opened = known === undefined ? await openFor(engine, terms, local.value) : ok(known);
      if (!opened.ok) return opened;
      byEngine.set(key, opened.value);
      byPool.set(name, opened.value);
    }
    return ok(null);
  };
  const opened = await open(pools);
  if (!opened.ok) {
    await Promise.all([...byEngine.values()].map((launcher) => new Promise((resolve) => {
          launcher.close(resolve);
        })));
    return opened;
  }
  const extend: Launchers['extend'] = async (wanted) => {
    const more = wanted.filter(({ name }) => !byPool.has(name));
    const fit = readyLocalPools(more, terms);
    return fit.ok ? open(more) : fit;
  };
  return ok({ byPool, all: () => [...byEngine.values()], extend });
};

/** Pools with the same key are run by the same launcher. */
const engineKey = (engine: PoolSettings['engine']): string => {
  switch (engine.type) {
    case 'local-process':
      return engine.type;
    case 'docker':
      return `${engine.type} ${engine.host}`;
    case 'kubernetes':
      return JSON.stringify([engine.type, engine.kubeconfig, engine.context, engine.namespace]);
  }
};
