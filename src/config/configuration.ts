import type { DispatcherSettings, PoolSettings } from '../domain/settings.ts';

/** A whole configuration, checked, with defaults filled in and every path absolute. */
export interface Configuration {
  /** The files it was read from, absolute; empty when there was none and the defaults apply. */
  readonly sources: readonly string[];
  readonly dispatcher: DispatcherSettings;
  readonly registry: { readonly path: string; readonly synchronous: 'normal' | 'full' };
  /** Run directories, logs, journals, endpoint.json. */
  readonly stateDir: string;
  readonly repoPool: { readonly type: 'directory'; readonly baseDir: string | null; readonly slots: number };
  readonly server: { readonly host: string; readonly port: number; /** Named by the user: not to be swapped for a free one. */ readonly portIsExplicit: boolean };
  readonly pools: readonly PoolSettings[];
  /** Limits that disagree, one line each, for `validate`. */
  readonly notes: readonly string[];
}
