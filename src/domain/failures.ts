/**
 * What a failed port call means for its caller.
 *
 * - `transient`: the same call may succeed later (engine busy, disk momentarily full).
 * - `permanent`: it will fail again until a person changes something (command not found).
 * - `throttled`: the other side asks to be left alone for a while.
 * - `fenced`: the caller is no longer the one who may do this (old attempt, another was faster).
 * - `deposed`: another dispatcher is in office, so nothing this one says counts any more (old epoch).
 * - `invalid`: the request itself is wrong.
 * - `notFound`: what it names does not exist.
 * - `unavailable`: nothing is free at the moment (slots), not a fault.
 */
export type FailureKind =
  | 'transient'
  | 'permanent'
  | 'throttled'
  | 'fenced'
  | 'deposed'
  | 'invalid'
  | 'notFound'
  | 'unavailable';

/** The error half of every port's {@link Result}. `message` is one line, fit for a person. */
export interface PortError {
  readonly kind: FailureKind;
  readonly message: string;
}

export const portError = (kind: FailureKind, message: string): PortError => ({ kind, message });
