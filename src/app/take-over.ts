import type { Configuration } from '../config/configuration.ts';
import type { PortError } from '../domain/failures.ts';
import { ok, type Result } from '../domain/result.ts';
import { holderOfThisProcess, systemProcessTable } from '../platform/process-table.ts';
import type { Clock } from '../ports/clock.ts';
import type { Holder, OpenAttempt, TaskRegistry } from '../ports/task-registry.ts';
import { openRegistry, type StandbyOptions } from '../registry/open.ts';
import { ask } from '../runtime/ask.ts';
import type { Closers } from './closers.ts';

/** Why a dispatcher could not be opened; `heldBy` names the process that has the registry. */
export type OpenFailure = PortError & { readonly heldBy?: Holder };

/** Where another has the registry: wait for its end, and end it if it hangs. */
export type Standby = Pick<StandbyOptions, 'signal' | 'tell'>;

interface TakenOver {
  readonly registry: TaskRegistry;
  readonly epoch: number;
  readonly open: readonly OpenAttempt[];
}

/** The registry, locked, with this process in office. */
export const takeOver = async (
  { registry: { path, synchronous } }: Configuration,
  standby: Standby | undefined,
  clock: Clock,
  closers: Closers,
): Promise<Result<TakenOver, OpenFailure>> => {
  const holder = holderOfThisProcess();
  const waits = standby === undefined ? {} : { standby: { ...standby, processes: systemProcessTable() } };
  const opened = await openRegistry({ path, synchronous, holder, ...waits });
  if (!opened.ok) return opened;
  const registry = opened.value;
  closers.add(() => ask<null>((reply) => registry.close(reply)));
  const office = await ask<{ readonly epoch: number }>((reply) => registry.takeOffice({ holder, at: clock.wall() }, reply));
  if (!office.ok) return office;
  const open = await ask<readonly OpenAttempt[]>((reply) => registry.openAttempts(reply));
  return open.ok ? ok({ registry, epoch: office.value.epoch, open: open.value }) : open;
};
