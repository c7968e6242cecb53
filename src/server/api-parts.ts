import type { PortError } from '../domain/failures.ts';
import type { Result } from '../domain/result.ts';
import type { TaskRegistry } from '../ports/task-registry.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { LiveDispatcher } from './live-dispatcher.ts';
import type { NeverPlaced } from './never-placed.ts';
import type { ReloadReport } from './reloading.ts';
import type { StatusReport } from './status.ts';

/** What the HTTP API is made of. */
export interface ApiParts {
  readonly registry: TaskRegistry;
  readonly token: string;
  /** It listens where others than this machine's users may reach it. */
  readonly readsNeedToken: boolean;
  /** `host:port` pairs by which this server may be addressed; a page elsewhere must not reach it by DNS rebinding. */
  readonly allowedHosts: () => ReadonlySet<string>;
  readonly status: () => Promise<Result<StatusReport, PortError>>;
  readonly never: NeverPlaced;
  /** ms since the epoch. */
  readonly now: () => number;
  readonly live: LiveDispatcher;
  /** @param actor who asks */
  readonly reload: (actor: string) => Promise<Result<ReloadReport, PortError>>;
  /** Made when it is first asked for. */
  readonly metrics: () => Promise<Metrics>;
}
