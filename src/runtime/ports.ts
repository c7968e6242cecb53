import type { PoolType } from '../domain/engine-settings.ts';
import type { PoolName, RegistryId, RunnerId } from '../domain/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Entropy } from '../ports/entropy.ts';
import type { EnvironmentReader } from '../ports/environment-source.ts';
import type { EventJournal } from '../ports/event-journal.ts';
import type { Inbox } from '../ports/inbox.ts';
import type { Launcher } from '../ports/launcher.ts';
import type { RepoPool } from '../ports/repo-pool.ts';
import type { ReportStore } from '../ports/report-store.ts';
import type { SlotChanges } from '../ports/slot-changes.ts';
import type { TaskRegistry } from '../ports/task-registry.ts';
import type { Telemetry } from '../ports/telemetry.ts';

/** Everything the dispatcher needs of the outside world: real, or simulated. */
export interface Ports {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly inbox: Inbox;
  readonly registry: TaskRegistry;
  readonly repoPool: RepoPool;
  /** By pool; several pools may share one. */
  readonly launchers: ReadonlyMap<PoolName, Launcher>;
  readonly journal: EventJournal;
  readonly reports: ReportStore;
  readonly slotChanges: SlotChanges;
  readonly telemetry: Telemetry;
  /** Where tasks' variables are looked up that are named and not written; without it there are none. */
  readonly environment?: EnvironmentReader;
}

/** What this dispatcher is: fixed from the moment it took office. */
export interface Office {
  readonly registryId: RegistryId;
  readonly epoch: number;
  /** Absolute folder in which run directories are made. */
  readonly runsDir: string;
  /** What of the dispatcher's own environment every runner gets. */
  readonly baseEnv: Readonly<Record<string, string>>;
  /** Where runners of a pool of this type reach the runner protocol; `null`: nowhere. */
  readonly url: (engine: PoolType) => string | null;
  /** What proves who a runner is; good for this attempt alone. */
  readonly tokenOf: (runnerId: RunnerId, attempt: number) => string;
}
