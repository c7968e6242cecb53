import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { portError, type PortError } from '../domain/failures.ts';
import { runnerId, shortRegistryId, type RegistryId, type RunnerId } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { Bearer } from '../runtime/runner-desk.ts';

const SECRET_BYTES = 32;

const readSecret = (path: string): Buffer | null => {
  try {
    const secret = Buffer.from(readFileSync(path, 'utf8').trim(), 'hex');
    return secret.length === SECRET_BYTES ? secret : null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
};

/** Reads the secret of this registry, or makes one that is there as a whole or not at all. */
const ensureSecret = (stateDir: string, registry: RegistryId): Buffer => {
  const path = join(stateDir, `runner-secret-${shortRegistryId(registry)}`);
  const known = readSecret(path);
  if (known !== null) {
    chmodSync(path, 0o600);
    return known;
  }
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, `${randomBytes(SECRET_BYTES).toString('hex')}\n`, { mode: 0o600 });
  // One that is torn cannot be put right: whoever has a token of it is refused.
  rmSync(path, { force: true });
  linkSync(temporary, path);
  rmSync(temporary, { force: true });
  const made = readSecret(path);
  if (made === null) throw new Error(`${path} cannot be read back`);
  return made;
};

/** Makes and checks the tokens of runners. */
export interface RunnerTokens {
  readonly of: (runner: RunnerId, attempt: number) => string;
  /** Whom this token belongs to; `null`: nobody. */
  readonly bearer: (token: string) => Bearer | null;
}

/** @returns `permanent`, with the mend, when the secret can be neither read nor made */
export const openRunnerTokens = (stateDir: string, registry: RegistryId): Result<RunnerTokens, PortError> => {
  try {
    return ok(runnerTokens(stateDir, registry));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(portError('permanent', `no tokens for runners: ${why}; check the files in ${stateDir} and its free space`));
  }
};

/**
 * A token is `<runner id>.<attempt>.<mac>`, the mac being made with a secret that only the dispatcher's user
 * can read. So it is good for one attempt only, outlives a restart, and need not be kept.
 */
const runnerTokens = (stateDir: string, registry: RegistryId): RunnerTokens => {
  const secret = ensureSecret(stateDir, registry);
  const macOf = (runner: string, attempt: string): string =>
    createHmac('sha256', secret).update(`runner ${runner} attempt ${attempt}`).digest('hex');
  return {
    of: (runner, attempt) => `${runner}.${attempt}.${macOf(runner, String(attempt))}`,
    bearer: (token) => {
      const [, runner, attempt, mac] = /^([a-z0-9-]{1,63})\.(\d{1,9})\.([0-9a-f]{64})$/.exec(token) ?? [];
      if (runner === undefined || attempt === undefined || mac === undefined) return null;
      const isTrue = timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(runner, attempt)));
      return isTrue ? { runnerId: runnerId(runner), attempt: Number(attempt) } : null;
    },
  };
};
