import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { formatInputErrors } from '../config/input-error.ts';
import { loadTaskSet, MAX_TASK_SET_BYTES } from '../config/load-task-set.ts';
import type { SubmitReport } from '../ports/task-registry.ts';
import { ask } from '../runtime/ask.ts';
import { isToken, proofOf } from './admin-token.ts';
import type { ApiParts } from './api-parts.ts';
import { deadlockRoutes } from './deadlock-routes.ts';
import { eventRoutes } from './event-routes.ts';
import { poolRoutes } from './pool-routes.ts';
import { portProblem, problem } from './problem.ts';
import { actorOf, queryOf, smallBody } from './request-input.ts';
import { route } from './route.ts';
import { taskRoutes } from './task-routes.ts';

const TASKSETS = '/api/v1/tasksets';

const submitQuery = z.strictObject({
  fresh: z.stringbool().default(false),
  changed_done: z.enum(['refuse', 'redo', 'keep']).default('refuse'),
  force: z.stringbool().default(false),
});

const submit = async (c: Context, { registry, now, live }: ApiParts): Promise<Response> => {
  const query = queryOf(c, submitQuery);
  if (!query.ok) return query.response;
  const { fresh, changed_done: changedDone, force } = query.value;
  const text = await c.req.text();
  const set = loadTaskSet({ text, name: 'request body' }, { force });
  if (!set.ok) return problem(c, 422, formatInputErrors(set.error).join('\n'));
  const request = { set: set.value, changedDone, fresh, actor: actorOf(c), at: now() };
  const submitted = ask<SubmitReport>((reply) => registry.submit(request, reply));
  // Calls take effect in order: asked for right behind the submission, its tasks come back with it.
  live.wake();
  const report = await submitted;
  if (!report.ok) return portProblem(c, report.error);
  return c.json(report.value, report.value.accepted ? 200 : 409);
};

const generalRoutes = (app: Hono, parts: ApiParts): void => {
  const { token, status, live } = parts;
  route(app, '/healthz', {
    GET: (c) => {
      const { nonce } = c.req.query();
      // Proves to a command that this is its dispatcher, before that shows the token to anybody.
      return c.json(nonce === undefined ? { status: 'ok' } : { status: 'ok', proof: proofOf(nonce, token) });
    },
  });
  route(app, '/readyz', {
    GET: (c) => (live.phase() === 'running' ? c.json({ status: 'ok' }) : c.json({ status: live.phase() }, 503)),
  });
  route(app, '/metrics', {
    GET: async (c) => {
      const metrics = await parts.metrics();
      return c.body(await metrics.text(), 200, { 'Content-Type': metrics.contentType });
    },
  });
  route(app, '/api/v1/status', {
    GET: async (c) => {
      const report = await status();
      return report.ok ? c.json(report.value) : portProblem(c, report.error);
    },
  });
  route(app, TASKSETS, { POST: (c) => submit(c, parts) });
};

const taskSetBody = bodyLimit({
  maxSize: MAX_TASK_SET_BYTES,
  onError: (c) => problem(c, 413, 'a task set of at most 64 MiB is read'),
});

/** No page elsewhere may frame, embed or read what is answered here, and nothing here loads anything. */
const SECURITY_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
} as const;

/** They tell nothing, and whoever asks them has no token. */
const OPEN_TO_ALL: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** The HTTP API. Reads are open on loopback; beyond it, and to change something, the admin token is needed. */
export const createApplication = (parts: ApiParts): Hono => {
  const app = new Hono();
  app.use(async (c, next) => {
    const host = c.req.header('host') ?? '';
    if (!parts.allowedHosts().has(host)) {
      return problem(c, 403, 'this Host is not served here; use the address in endpoint.json');
    }
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.header(name, value);
    const reads = c.req.method === 'GET' || c.req.method === 'HEAD';
    if (reads && (!parts.readsNeedToken || OPEN_TO_ALL.has(c.req.path))) return next();
    const given = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1];
    if (given === undefined || !isToken(given, parts.token)) {
      return problem(c, 401, 'the admin token is needed: "Authorization: Bearer …" from state_dir/admin-token');
    }
    if (reads) return next();
    return c.req.path === TASKSETS ? taskSetBody(c, next) : smallBody(c, next);
  });
  generalRoutes(app, parts);
  taskRoutes(app, parts);
  poolRoutes(app, parts);
  deadlockRoutes(app, parts);
  eventRoutes(app, parts);
  app.notFound((c) => problem(c, 404, `there is no ${c.req.method} ${c.req.path}`));
  app.onError((_error, c) => problem(c, 500, 'the dispatcher could not answer this request'));
  return app;
};
