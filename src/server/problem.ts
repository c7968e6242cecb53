import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { FailureKind, PortError } from '../domain/failures.ts';

/** An error as RFC 9457 (problem+json) wants it. */
export const problem = (
  c: Context,
  status: ContentfulStatusCode,
  detail: string,
  more: Readonly<Record<string, unknown>> = {},
): Response =>
  c.body(JSON.stringify({ type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail, ...more }), status, {
    'Content-Type': 'application/problem+json',
  });

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

const STATUS: Readonly<Record<FailureKind, ContentfulStatusCode>> = {
  invalid: 400,
  notFound: 404,
  fenced: 409,
  deposed: 503,
  permanent: 500,
  transient: 503,
  throttled: 503,
  unavailable: 503,
};

export const portProblem = (c: Context, error: PortError): Response => problem(c, STATUS[error.kind], error.message);
