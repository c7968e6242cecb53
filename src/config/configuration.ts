import type { DispatcherSettings, PoolSettings } from '../domain/settings.ts';

/** Workspaces as configured. */
export type RepoPoolConfiguration = {
  /** Absolute; `null`: outside the repository, in a folder named after the registry. */
  readonly baseDir: string | null;
  readonly slots: number;
} & (
  | { readonly type: 'directory' }
  | {
      readonly type: 'git-worktree' | 'git-clone';
      /** Absolute path; for `git-clone` perhaps a URL. */
      readonly repo: string;
      /** Revision that branches begin at; `null`: what is checked out in `repo` at that moment. */
      readonly base: string | null;
    }
);

/** The HTTP servers as configured. */
export interface ServerConfiguration {
  readonly host: string;
  readonly port: number;
  /** Named by the user: not to be swapped for a free one. */
  readonly portIsExplicit: boolean;
  /** A second listener for the runner protocol alone; `null`: none. */
  readonly runnerListen: { readonly host: string; readonly port: number } | null;
  /** What runners outside of this machine are told to call; `null`: what is listened on. */
  readonly advertise: string | null;
}

/** A whole configuration, checked, with defaults filled in and every path absolute. */
export interface Configuration {
  /** The files it was read from, absolute; empty when there was none and the defaults apply. */
  readonly sources: readonly string[];
  readonly dispatcher: DispatcherSettings;
  readonly registry: { readonly path: string; readonly synchronous: 'normal' | 'full' };
  /** Run directories, logs, journals, endpoint.json. */
  readonly stateDir: string;
  readonly repoPool: RepoPoolConfiguration;
  readonly server: ServerConfiguration;
  readonly pools: readonly PoolSettings[];
  /** Limits that disagree, one line each, for `validate`. */
  readonly notes: readonly string[];
}
