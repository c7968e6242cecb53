import { join } from 'node:path';
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { z } from 'zod';
import type { PortError } from '../domain/failures.ts';
import type { Result } from '../domain/result.ts';
import {
  artifactSchema,
  heartbeatSchema,
  MOST_COMPLETE_BYTES,
  MOST_HEARTBEAT_BYTES,
  RUNNER_PATH,
} from '../protocol/runner-protocol.ts';
import { ask } from '../runtime/ask.ts';
import type { Bearer, RunnerDesk } from '../runtime/runner-desk.ts';
import { portProblem, problem } from './problem.ts';
import { route, type Handler } from './route.ts';
import { readRunFile } from './run-file.ts';
import type { RunnerTokens } from './runner-token.ts';
import { TokenBuckets } from './token-buckets.ts';
import { isoTime } from './views.ts';

/** What the runner protocol is served with. */
export interface RunnerParts {
  readonly desk: RunnerDesk;
  readonly tokens: RunnerTokens;
  /** Monotonic ms. */
  readonly monotonic: () => number;
}

/** Heartbeats come every 10 s: this is for one that has lost its head. */
const RATE = { perSecond: 20, burst: 40, most: 16_384 };

const refused = (c: Context, error: PortError): Response => {
  if (error.kind === 'unavailable' || error.kind === 'transient') c.header('Retry-After', '1');
  return portProblem(c, error);
};

const answered = (c: Context, result: Result<unknown, PortError>): Response =>
  result.ok ? c.body(null, 204) : refused(c, result.error);

const parsedBody = async <T extends z.ZodType>(
  c: Context,
  schema: T,
): Promise<{ readonly ok: true; readonly value: z.output<T> } | { readonly ok: false; readonly response: Response }> => {
  const wrong = (detail: string) => ({ ok: false as const, response: problem(c, 400, detail) });
  const text = await c.req.text();
  let json: unknown = {};
  try {
    if (text.trim() !== '') json = JSON.parse(text);
  } catch {
    return wrong('the body is not JSON; send an object with Content-Type: application/json');
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  return wrong(`body ${issue?.path.join('.') || 'as a whole'}: ${issue?.message ?? 'invalid'}`);
};

/** Bytes that are thrown away so that who sent too much hears why; beyond these the connection is cut. */
const MOST_DISCARDED = 16 * MOST_COMPLETE_BYTES;

/** An answer given while the other side still sends is lost to most clients: their write fails first. */
const discard = async ({ body }: Request): Promise<void> => {
  if (body === null || body.locked) return;
  let bytes = 0;
  for await (const chunk of body as ReadableStream<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MOST_DISCARDED) return;
  }
};

const limited = (maxSize: number, words: string) =>
  bodyLimit({
    maxSize,
    onError: async (c) => {
      await discard(c.req.raw).catch(() => undefined);
      return problem(c, 413, `a body of at most ${words} is read here`);
    },
  });
const shortBody = limited(MOST_HEARTBEAT_BYTES, '64 KiB');
const longBody = limited(MOST_COMPLETE_BYTES, '1 MiB');

const COMPLETE = `${RUNNER_PATH}/complete`;

const context = async (c: Context, bearer: Bearer, desk: RunnerDesk): Promise<Response> => {
  const runner = desk.identity(bearer);
  if (!runner.ok) return refused(c, runner.error);
  const text = await readRunFile(join(runner.value.runDir, 'context.json'));
  if (text === null) return problem(c, 404, 'context.json is not in the run directory any more');
  return c.body(text, 200, { 'Content-Type': 'application/json' });
};

const heartbeat = async (c: Context, bearer: Bearer, desk: RunnerDesk): Promise<Response> => {
  const body = await parsedBody(c, heartbeatSchema);
  if (!body.ok) return body.response;
  const answer = desk.heartbeat(bearer, body.value);
  if (!answer.ok) return refused(c, answer.error);
  const { directive, deadline } = answer.value;
  return c.json({ directive, deadline: isoTime(deadline) });
};

const artifact = async (c: Context, bearer: Bearer, desk: RunnerDesk): Promise<Response> => {
  const body = await parsedBody(c, artifactSchema);
  if (!body.ok) return body.response;
  return answered(c, await ask<null>((reply) => desk.artifact(bearer, body.value, reply)));
};

const complete = async (c: Context, bearer: Bearer, desk: RunnerDesk): Promise<Response> => {
  const text = await c.req.text();
  return answered(c, await ask<null>((reply) => desk.complete(bearer, text, reply)));
};

const unknown = (c: Context): Response => {
  c.header('WWW-Authenticate', 'Bearer');
  return problem(c, 401, 'a runner\'s own token is needed: "Authorization: Bearer $RUNNER_TOKEN"');
};

/** The runner protocol, and nothing else: what a token of one attempt may do. */
export const createRunnerApplication = ({ desk, tokens, monotonic }: RunnerParts): Hono => {
  const app = new Hono();
  const buckets = new TokenBuckets(RATE);
  const bearers = new WeakMap<Request, Bearer>();
  const as =
    (handle: (c: Context, bearer: Bearer, desk: RunnerDesk) => Promise<Response>): Handler =>
    (c) => {
      const bearer = bearers.get(c.req.raw);
      return bearer === undefined ? unknown(c) : handle(c, bearer, desk);
    };
  app.use(async (c, next) => {
    c.header('X-Content-Type-Options', 'nosniff');
    c.header('Cache-Control', 'no-store');
    const given = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1];
    const bearer = given === undefined ? null : tokens.bearer(given);
    if (bearer === null) return unknown(c);
    const waitMs = buckets.take(bearer.runnerId, monotonic());
    if (waitMs > 0) {
      c.header('Retry-After', String(Math.ceil(waitMs / 1000)));
      return problem(c, 429, `more than ${RATE.perSecond} requests in a second; a heartbeat every 10 s is enough`);
    }
    bearers.set(c.req.raw, bearer);
    return c.req.path === COMPLETE ? longBody(c, next) : shortBody(c, next);
  });
  route(app, `${RUNNER_PATH}/context`, { GET: as(context) });
  route(app, `${RUNNER_PATH}/heartbeat`, { POST: as(heartbeat) });
  route(app, `${RUNNER_PATH}/artifacts`, { POST: as(artifact) });
  route(app, COMPLETE, { POST: as(complete) });
  app.notFound((c) => problem(c, 404, `there is no ${c.req.method} ${c.req.path}`));
  app.onError((_error, c) => problem(c, 500, 'the dispatcher could not answer this request'));
  return app;
};
