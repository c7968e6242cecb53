import type { Git } from './git-command.ts';

/**
 * A repository that work is read into. Its own configuration rules the reading, never that of a slot:
 * a runner may have written that.
 */
export interface Lens {
  readonly git: Git;
  /** Where references and commits are written. */
  readonly gitDir: string;
  /** Git directory by whose configuration files are read. */
  readonly reader: string;
  /** Where objects go when that is not the reader's own store. */
  readonly objects?: string;
  /** Whether git may be run in repositories that runners made, which obeys their configuration: they run as the user anyway. */
  readonly trusting: boolean;
}
