import type { Configuration } from '../config/configuration.ts';
import { formatInputErrors } from '../config/input-error.ts';
import { loadConfiguration } from '../config/load-configuration.ts';
import { err, ok, type Result } from '../domain/result.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  /** `-c FILE`, once or several times. */
  readonly config?: readonly string[];
  readonly json?: boolean;
}

/** The configuration that `-c` names, or the one of this folder; errors as lines. */
export const configurationOf = (options: GlobalOptions): Result<Configuration, readonly string[]> => {
  const loaded = loadConfiguration({ files: options.config ?? [], cwd: process.cwd(), env: process.env });
  return loaded.ok ? ok(loaded.value) : err(formatInputErrors(loaded.error));
};
