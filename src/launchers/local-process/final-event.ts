import { constants } from 'node:os';
import type { ExitCause } from '../../domain/outcome.ts';
import type { FinalEvent } from '../endings.ts';
import type { RecordedExit } from './lineage.ts';
import { readResult } from '../result-file.ts';

const SIGNAL_NAMES: ReadonlyMap<number, string> = new Map(
  // Of several names for one number (SIGIOT, SIGPOLL) the first is the usual one.
  Object.entries(constants.signals).toReversed().map(([name, number]) => [number, name]),
);

/**
 * What is told of a runner that is proven dead. Where nobody saw it end, a result it wrote still
 * counts, for it outranks the exit code: then it has exited, by a code that is not known.
 */
export const finalOf = (runDir: string, exit: RecordedExit | null, cause: ExitCause | null): FinalEvent => {
  const result = readResult(runDir);
  const because = cause === null ? {} : { cause };
  if (exit !== null) {
    const signal = exit.signal === null ? null : (SIGNAL_NAMES.get(exit.signal) ?? `signal ${exit.signal}`);
    return { kind: 'exited', exit: { exitCode: exit.exitCode, signal, ...because, at: exit.at, result } };
  }
  if (result !== null) return { kind: 'exited', exit: { exitCode: null, signal: null, ...because, at: Date.now(), result } };
  return { kind: 'vanished', reason: 'its fork-server died before it, so nobody saw how it ended' };
};
