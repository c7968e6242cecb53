import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { formatInputErrors } from '../config/input-error.ts';
import { loadTaskSet, MAX_TASK_SET_BYTES } from '../config/load-task-set.ts';
import type { DispatcherEvent } from '../domain/events.ts';
import type { PortError } from '../domain/failures.ts';
import { parseTaskKey, specName, taskId } from '../domain/ids.ts';
import type { Result } from '../domain/result.ts';
import { TASK_STATES } from '../domain/task.ts';
import type { SubmitReport, TaskDetail, TaskPage, TaskRegistry } from '../ports/task-registry.ts';
import { ask } from '../runtime/ask.ts';
import { isToken, proofOf } from './admin-token.ts';
import { portProblem, problem } from './problem.ts';
import type { NeverPlaced } from './never-placed.ts';
import type { StatusReport } from './status.ts';
import { eventJson, taskDetailJson, taskJson } from './views.ts';

export interface ApiParts {
  readonly registry: TaskRegistry;
  readonly token: string;
  /** `host:port` pairs by which this server may be addressed; a page elsewhere must not reach it by DNS rebinding. */
  readonly allowedHosts: () => ReadonlySet<string>;
  readonly status: () => Promise<Result<StatusReport, PortError>>;
  readonly never: NeverPlaced;
  readonly now: () => number;
  /** Makes the dispatcher look for what is new. */
  readonly wake: () => void;
}

const submitQuery = z.object({
  fresh: z.stringbool().default(false),
  changed_done: z.enum(['refuse', 'redo', 'keep']).default('refuse'),
  force: z.stringbool().default(false),
});
const tasksQuery = z.object({
  state: z.enum(TASK_STATES).optional(),
  spec: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
  cursor: z.coerce.number().int().optional(),
});
const eventsQuery = z.object({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
  spec: z.string().optional(),
  task_id: z.string().optional(),
});

/** A query string through its schema; the answer is a Response where it does not fit. */
const queryOf = <T>(c: Context, schema: z.ZodType<T>): { ok: true; value: T } | { ok: false; response: Response } => {
  const parsed = schema.safeParse(c.req.query());
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  return { ok: false, response: problem(c, 400, `query ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`) };
};

const reads = (app: Hono, { registry, status, never, token }: ApiParts): void => {
  app.get('/healthz', (c) => {
    const { nonce } = c.req.query();
    // Proves to a command that this is its dispatcher, before that shows the token to anybody.
    return c.json(nonce === undefined ? { status: 'ok' } : { status: 'ok', proof: proofOf(nonce, token) });
  });
  app.get('/readyz', (c) => c.json({ status: 'ok' }));
  app.get('/api/v1/status', async (c) => {
    const report = await status();
    return report.ok ? c.json(report.value) : portProblem(c, report.error);
  });
  app.get('/api/v1/tasks', async (c) => {
    const query = queryOf(c, tasksQuery);
    if (!query.ok) return query.response;
    const { state, spec, limit, cursor } = query.value;
    const page = await ask<TaskPage>((reply) =>
      registry.tasks(
        {
          limit,
          ...(state === undefined ? {} : { states: [state] }),
          ...(spec === undefined ? {} : { spec: specName(spec) }),
          ...(cursor === undefined ? {} : { after: cursor }),
        },
        reply,
      ),
    );
    if (!page.ok) return portProblem(c, page.error);
    const shown = await never.explain(registry, page.value.tasks);
    return c.json({ tasks: shown.map(taskJson), next_cursor: page.value.next });
  });
  app.get('/api/v1/tasks/:spec/:id{.+}', async (c) => {
    const key = parseTaskKey(`${c.req.param('spec')}/${c.req.param('id')}`);
    if (key === null) return problem(c, 404, 'there is no such task');
    const detail = await ask<TaskDetail>((reply) => registry.task(key.key, reply));
    if (!detail.ok) return portProblem(c, detail.error);
    const [view = detail.value.view] = await never.explain(registry, [detail.value.view]);
    return c.json(taskDetailJson({ ...detail.value, view }));
  });
  app.get('/api/v1/events', async (c) => {
    const query = queryOf(c, eventsQuery);
    if (!query.ok) return query.response;
    const { after, limit, spec, task_id: id } = query.value;
    const events = await ask<readonly DispatcherEvent[]>((reply) =>
      registry.events(
        {
          after,
          limit,
          ...(spec === undefined ? {} : { spec: specName(spec) }),
          ...(id === undefined ? {} : { taskId: taskId(id) }),
        },
        reply,
      ),
    );
    return events.ok ? c.json({ events: events.value.map(eventJson) }) : portProblem(c, events.error);
  });
};

const writes = (app: Hono, { registry, now, wake }: ApiParts): void => {
  app.post(
    '/api/v1/tasksets',
    bodyLimit({ maxSize: MAX_TASK_SET_BYTES, onError: (c) => problem(c, 413, 'a task set of at most 64 MiB is read') }),
    async (c) => {
      const query = queryOf(c, submitQuery);
      if (!query.ok) return query.response;
      const { fresh, changed_done: changedDone, force } = query.value;
      const text = await c.req.text();
      const set = loadTaskSet({ text, name: 'request body' }, { force });
      if (!set.ok) return problem(c, 422, formatInputErrors(set.error).join('\n'));
      const request = { set: set.value, changedDone, fresh, actor: 'api', at: now() };
      const submitted = ask<SubmitReport>((reply) => registry.submit(request, reply));
      // Calls take effect in order: asked for right behind the submission, its tasks come back with it.
      wake();
      const report = await submitted;
      if (!report.ok) return portProblem(c, report.error);
      return c.json(report.value, report.value.accepted ? 200 : 409);
    },
  );
};

/** The HTTP API. Reads are open on loopback; whoever changes something must bring the admin token. */
export const createApplication = (parts: ApiParts): Hono => {
  const app = new Hono();
  app.use(async (c, next) => {
    const host = c.req.header('host') ?? '';
    if (!parts.allowedHosts().has(host)) {
      return problem(c, 403, 'this Host is not served here; use the address in endpoint.json');
    }
    c.header('X-Content-Type-Options', 'nosniff');
    c.header('Cache-Control', 'no-store');
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    const given = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1];
    if (given === undefined || !isToken(given, parts.token)) {
      return problem(c, 401, 'the admin token is needed: "Authorization: Bearer …" from state_dir/admin-token');
    }
    return next();
  });
  reads(app, parts);
  writes(app, parts);
  app.notFound((c) => problem(c, 404, `there is no ${c.req.method} ${c.req.path}`));
  app.onError((_error, c) => problem(c, 500, 'the dispatcher could not answer this request'));
  return app;
};
