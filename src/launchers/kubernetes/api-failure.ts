import { z } from 'zod';
import { portError, type FailureKind, type PortError } from '../../domain/failures.ts';

/** Why a call of the API server brought nothing. */
export interface ApiFailure {
  /** HTTP status; `null`: no answer came, so that it may have been carried out all the same. */
  readonly status: number | null;
  /** Kubernetes' own word, such as `NotFound` or `AlreadyExists`; empty where it said none. */
  readonly reason: string;
  /** One line. */
  readonly message: string;
  readonly retryAfterMs: number | null;
}

const statusObject = z.object({ reason: z.string().optional(), message: z.string().optional() });

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim().slice(0, 500);

/** Reads the answer of a refused call. */
export const refusal = (status: number, body: string, retryAfter: string | undefined): ApiFailure => {
  let said: z.infer<typeof statusObject> = {};
  try {
    said = statusObject.parse(JSON.parse(body));
  } catch {
    // Not Kubernetes' own: a proxy's page, or nothing.
  }
  const seconds = Number(retryAfter ?? '');
  return {
    status,
    reason: said.reason ?? '',
    message: oneLine(said.message ?? `HTTP ${status}`),
    retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null,
  };
};

const causeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return cause.message === '' ? code || cause.name : cause.message;
};

/** A call without an answer: refused, cut off, or not answered in time. */
export const noAnswer = (error: unknown): ApiFailure => ({
  status: null,
  reason: '',
  message: oneLine(causeOf(error)),
  retryAfterMs: null,
});

const kindOf = ({ status, reason, message }: ApiFailure): FailureKind => {
  if (status === null || status >= 500) return 'transient';
  if (status === 429) return 'throttled';
  // A full ResourceQuota empties again; nothing else that is forbidden becomes allowed by waiting.
  if (status === 403 && message.includes('exceeded quota')) return 'transient';
  if (status === 409) return reason === 'AlreadyExists' ? 'permanent' : 'transient';
  return 'permanent';
};

/** The same for callers of the port. `what` says what was tried. */
export const asPortError = (what: string, failure: ApiFailure): PortError =>
  portError(kindOf(failure), `kubernetes: ${what}: ${failure.message}`);
