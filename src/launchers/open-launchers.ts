import type { PortError } from '../domain/failures.ts';
import type { PoolName, RegistryId } from '../domain/ids.ts';
import { ok, type Result } from '../domain/result.ts';
import type { PoolSettings } from '../domain/settings.ts';
import type { Launcher } from '../ports/launcher.ts';
import type { ProcessTable } from '../ports/process-table.ts';
import { createLocalProcessLauncher } from './local-process/launcher.ts';
import { localPoolNotices, readyLocalPools, registryFiles } from './local-process/local-pools.ts';

export interface LauncherTerms {
  readonly stateDir: string;
  readonly registryId: RegistryId;
  readonly processes: ProcessTable;
  /** Absolute folder of the slots. */
  readonly slotsDir: string;
  /** File of the registry. */
  readonly registryPath: string;
  /** Takes lines for a person. */
  readonly tell: (message: string) => void;
}

export interface Launchers {
  /** By pool; pools of one engine share a launcher. */
  readonly byPool: ReadonlyMap<PoolName, Launcher>;
  /** Each of them once. */
  readonly all: readonly Launcher[];
}

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
  return ok({ byPool: new Map(pools.map(({ name }) => [name, local.value])), all: [local.value] });
};
