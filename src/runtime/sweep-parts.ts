import type { DispatcherSettings } from '../domain/settings.ts';
import type { HeartbeatTable } from './heartbeats.ts';
import type { Office, Ports } from './ports.ts';

/** What the sweep works with. */
export interface SweepParts {
  readonly ports: Ports;
  readonly office: Office;
  readonly settings: DispatcherSettings;
  readonly heartbeats: HeartbeatTable;
}
