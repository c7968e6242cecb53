import type { PortError } from '../../domain/failures.ts';
import type { RegistryId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { SubmitRequest } from '../../ports/task-registry.ts';
import type { Answer, Call } from '../core/calls.ts';
import { notJson } from '../core/submit.ts';

/**
 * A call on its way. A submission travels as JSON: cloning a hundred thousand definitions member by
 * member costs the main thread several times as much.
 */
export type PackedCall =
  | Exclude<Call, { readonly verb: 'submit' }>
  | { readonly verb: 'submit'; readonly json: string };

/** `invalid` for a submission that is not plain data. */
export const pack = (call: Call): Result<PackedCall, PortError> => {
  if (call.verb !== 'submit') return ok(call);
  try {
    return ok({ verb: 'submit', json: JSON.stringify(call.request) });
  } catch (thrown) {
    return err(notJson(call.request.set, thrown));
  }
};

export const unpack = (packed: PackedCall): Call =>
  packed.verb === 'submit' && 'json' in packed
    ? { verb: 'submit', request: JSON.parse(packed.json) as SubmitRequest }
    : packed;

/** Numbered by the client, so that answers find their calls. */
export interface NumberedCall {
  readonly number: number;
  readonly call: PackedCall;
}

export type ToWorker = { readonly kind: 'calls'; readonly calls: readonly NumberedCall[] } | { readonly kind: 'close' };

export type FromWorker =
  | { readonly kind: 'opened'; readonly opened: Result<RegistryId, PortError> }
  | {
      readonly kind: 'answers';
      readonly answers: readonly { readonly number: number; readonly answer: Answer }[];
      readonly news: boolean;
    }
  | { readonly kind: 'closed'; readonly closed: Result<null, PortError> };
