import type { PortError } from '../domain/failures.ts';
import type { Result } from '../domain/result.ts';
import type { PoolSettings } from '../domain/settings.ts';
import type { TaskRegistry } from '../ports/task-registry.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { LiveDispatcher } from './live-dispatcher.ts';
import type { NeverPlaced } from './never-placed.ts';
import type { StatusReport } from './status.ts';

/** What the HTTP API is made of. */
export interface ApiParts {
  readonly registry: TaskRegistry;
  readonly token: string;
  /** `host:port` pairs by which this server may be addressed; a page elsewhere must not reach it by DNS rebinding. */
  readonly allowedHosts: () => ReadonlySet<string>;
  readonly pools: readonly PoolSettings[];
  readonly status: () => Promise<Result<StatusReport, PortError>>;
  readonly never: NeverPlaced;
  /** ms since the epoch. */
  readonly now: () => number;
  readonly live: LiveDispatcher;
  /** Made when it is first asked for. */
  readonly metrics: () => Promise<Metrics>;
}
