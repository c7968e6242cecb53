import { setTimeout as pause } from 'node:timers/promises';
import { portError } from '../domain/failures.ts';
import { formatDuration } from '../domain/quantities.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { ProcessTable } from '../ports/process-table.ts';
import type { Holder } from '../ports/task-registry.ts';
import { readHolder, type NamedHolder } from './holder-file.ts';
import { describeHolder, tryLock, type LockRequest, type OpenError, type RegistryLock } from './lock.ts';
import { Silence } from './silence.ts';

export interface StandbyOptions {
  readonly processes: ProcessTable;
  /** Ends the wait. */
  readonly signal: AbortSignal;
  /** What a person may want to know: for whom it waits, and what became of that one. One line each. */
  readonly tell: (line: string) => void;
  /** Silence after which a holder counts as hung, ms; default 12 s, which leaves 3 of the 15 s to take over. */
  readonly hungAfterMs?: number;
}

const HUNG_AFTER_MS = 12_000;

/** Longest and shortest pause between two looks, ms: several that wait should not look at the same moment. */
const LOOK_MS = { least: 50, most: 150 };

/** A new holder names itself a moment after it has the lock. */
const PATIENCE_LOOKS = 5;

/**
 * A holder that hangs is killed, for only its death frees SQLite's locks; what it had under way the next
 * epoch refuses. What came of it, for a person; nobody is killed who is not for certain the one that is named.
 */
const endHung = (other: NamedHolder, self: Holder, processes: ProcessTable): string => {
  const { pid, startTime, host, bootId } = other;
  if (host !== self.host) return ': it runs on another machine; end it there';
  if (bootId !== self.bootId || (pid === self.pid && startTime === self.startTime)) return ': it is none that can be killed from here';
  return processes.signal(pid, startTime, 'SIGKILL') ? ' and was killed' : ': it could not be killed; end it by hand';
};

/**
 * Waits until nobody holds the registry, however long, then takes it: at once when the holder dies, for
 * the kernel frees its lock, and within 15 s when it hangs. Any number may wait; one of them gets it.
 *
 * Errors: `unavailable` when the wait was ended by the signal; `permanent` where there can be no lock.
 */
export const standBy = async (
  request: LockRequest,
  { processes, signal, tell, hungAfterMs = HUNG_AFTER_MS }: StandbyOptions,
): Promise<Result<RegistryLock, OpenError>> => {
  const { path, holder } = request;
  const silence = new Silence();
  let told = '';
  let namelessLooks = 0;
  const tellOnce = (line: string): void => {
    if (line !== told) tell(line);
    told = line;
  };
  while (!signal.aborted) {
    const taken = tryLock({ ...request, holder: { ...holder, since: Date.now() } });
    if (!taken.ok) return taken;
    if (taken.value !== null) return ok(taken.value);
    const other = readHolder(path);
    const silentMs = other === null ? 0 : silence.look(other.sign, performance.now());
    // On another machine, or gone: its name is left over, or it is about to be gone.
    const isKnown = other !== null && (other.host !== holder.host || processes.isAlive(other.pid, other.startTime));
    namelessLooks = isKnown ? 0 : namelessLooks + 1;
    if (isKnown && other.beats && silentMs >= hungAfterMs) {
      tellOnce(`${describeHolder(other)} has shown no life for ${formatDuration(hungAfterMs)}${endHung(other, holder, processes)}`);
    } else if (isKnown || namelessLooks > PATIENCE_LOOKS) {
      tellOnce(`standing by: registry ${path} is in use by ${isKnown ? describeHolder(other) : 'another process'}`);
    }
    await pause(LOOK_MS.least + Math.random() * (LOOK_MS.most - LOOK_MS.least), null, { signal }).catch(() => undefined);
  }
  return err(portError('unavailable', `registry ${path}: no longer waited for`));
};
