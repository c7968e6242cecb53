import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { portError, type PortError } from '../domain/failures.ts';
import { err, ok, type Result } from '../domain/result.ts';

const CHUNK = 1 << 18;

export interface LogChunk {
  readonly chunk: Uint8Array;
  readonly next: number;
}

const NOTHING = new Uint8Array(0);

const failure = (runDir: string, error: unknown): PortError => {
  const reason = error instanceof Error ? error.message : 'unknown';
  return portError('transient', `cannot read ${join(runDir, 'output.log')}: ${reason}`);
};

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

/**
 * At most 256 KiB of a runner's output from byte `from` on; a negative one counts from its end. Empty at the end, and where there is no
 * output: the folder of a runner that said nothing may have gone to another one.
 */
export const readLog = async (runDir: string, from: number): Promise<Result<LogChunk, PortError>> => {
  if (!Number.isSafeInteger(from)) {
    return err(portError('invalid', `logs from byte ${from}: expected a whole number`));
  }
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await open(join(runDir, 'output.log'), flags);
    try {
      const start = from >= 0 ? from : Math.max(0, (await file.stat()).size + from);
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, start);
      return ok({ chunk: buffer.subarray(0, bytesRead), next: start + bytesRead });
    } finally {
      await file.close();
    }
  } catch (error) {
    return isMissing(error) ? ok({ chunk: NOTHING, next: Math.max(0, from) }) : err(failure(runDir, error));
  }
};
