import type { PortError } from '../domain/failures.ts';
import type { Result } from '../domain/result.ts';
import type { EnvironmentSource } from '../domain/secrets.ts';

/** Looks up values that are named and not written down. Small and local, hence answered at once. */
export interface EnvironmentReader {
  /** `permanent`, with the mend, where there is none. */
  read(source: EnvironmentSource): Result<string, PortError>;
}
