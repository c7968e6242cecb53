import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { KeyedEvent } from '../../ports/event-journal.ts';
import type { Tables } from './tables.ts';
import { note } from './transition.ts';

/** The error of a dispatcher that has been followed by another; `null` while it is in office. */
export const outOfOffice = (tables: Tables, epoch: number): PortError | null =>
  epoch === tables.meta.epoch
    ? null
    : portError('deposed', `dispatcher epoch ${epoch} is over: epoch ${tables.meta.epoch} holds the registry`);

export const takeOffice = (tables: Tables): Result<{ readonly epoch: number }, PortError> => {
  tables.meta.epoch += 1;
  tables.forgetGone();
  return ok({ epoch: tables.meta.epoch });
};

/** A key that is stored already is passed over: replaying a journal twice changes nothing. */
export const record = (
  tables: Tables,
  request: { readonly epoch: number; readonly events: readonly KeyedEvent[] },
): Result<number, PortError> => {
  const fenced = outOfOffice(tables, request.epoch);
  if (fenced !== null) return err(fenced);
  for (const { key, event } of request.events) {
    if (!tables.hasEvent(key)) note(tables, event, key);
  }
  return ok(tables.meta.lastSeq);
};
