import type { Context, Hono } from 'hono';
import { z } from 'zod';
import type { PortError } from '../domain/failures.ts';
import { specName, type TaskKey } from '../domain/ids.ts';
import type { Result } from '../domain/result.ts';
import { TASK_STATES } from '../domain/task.ts';
import type { OperationReport, TaskDetail, TaskOperation, TaskPage } from '../ports/task-registry.ts';
import { ask } from '../runtime/ask.ts';
import type { ApiParts } from './api-parts.ts';
import { artifactsOf } from './artifacts.ts';
import { explained, whyJson } from './explained.ts';
import { dependencyNamed, unknownTask } from './known-name.ts';
import { portProblem, problem } from './problem.ts';
import { actorOf, bodyOf, oneLine, queryOf } from './request-input.ts';
import { route, wrongMethod } from './route.ts';
import { taskPath } from './task-path.ts';
import { taskDetailJson, taskJson } from './views.ts';

const tasksQuery = z.strictObject({
  state: z.enum(TASK_STATES).optional(),
  spec: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
  cursor: z.coerce.number().int().optional(),
});
const priorityBody = z.strictObject({ priority: z.int('expected a whole number') });
const reasonBody = z.strictObject({ reason: oneLine.optional() });
const dependencyBody = z.strictObject({ dependency: z.string('expected the name of a task').min(1) });

const listTasks = async (c: Context, { registry, never }: ApiParts): Promise<Response> => {
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
};

const detailOf = async ({ registry }: ApiParts, key: TaskKey): Promise<Result<TaskDetail, PortError>> => {
  const detail = await ask<TaskDetail>((reply) => registry.task(key, reply));
  if (detail.ok || detail.error.kind !== 'notFound') return detail;
  return { ok: false, error: await unknownTask(registry, key) };
};

const showTask = async (c: Context, parts: ApiParts, key: TaskKey): Promise<Response> => {
  const detail = await detailOf(parts, key);
  if (!detail.ok) return portProblem(c, detail.error);
  const { registry, never, live } = parts;
  const [view = detail.value.view] = await never.explain(registry, [detail.value.view]);
  const shown = { ...detail.value, view };
  const reasons = explained(shown, { scheduler: live.scheduler, dispatcher: live.phase(), ...live.times() });
  return c.json({ ...taskDetailJson(shown), artifacts: await artifactsOf(registry, key), why: whyJson(reasons) });
};

const operate = async (c: Context, parts: ApiParts, key: TaskKey, operation: TaskOperation): Promise<Response> => {
  const { registry, now, live } = parts;
  const request = { key, operation, actor: actorOf(c), at: now() };
  const report = await ask<OperationReport>((reply) => registry.operate(request, reply));
  if (!report.ok && report.error.kind === 'notFound') return portProblem(c, await unknownTask(registry, key));
  // What was asked is well formed: it is the task's state that does not allow it.
  if (!report.ok) return report.error.kind === 'invalid' ? problem(c, 409, report.error.message) : portProblem(c, report.error);
  const { view, changed, stopping } = report.value;
  if (stopping) live.cancel(key, view.reason ?? 'cancelled');
  return c.json({ ...taskJson(view), changed, stopping }, stopping ? 202 : 200);
};

/** Operations by the last part of their path. */
const OPERATIONS = ['cancel', 'retry', 'skip', 'drop-dependency'] as const;
type OperationName = (typeof OPERATIONS)[number];

const operationNamed = async (c: Context, parts: ApiParts, key: TaskKey, name: OperationName): Promise<Response> => {
  if (name !== 'drop-dependency') {
    const body = await bodyOf(c, reasonBody);
    return body.ok ? operate(c, parts, key, { kind: name, reason: body.value.reason ?? null }) : body.response;
  }
  const body = await bodyOf(c, dependencyBody);
  if (!body.ok) return body.response;
  const detail = await detailOf(parts, key);
  if (!detail.ok) return portProblem(c, detail.error);
  return operate(c, parts, key, { kind: 'dropDependency', dependency: dependencyNamed(detail.value.view, body.value.dependency) });
};

const setPriority = async (c: Context, parts: ApiParts, key: TaskKey): Promise<Response> => {
  const body = await bodyOf(c, priorityBody);
  return body.ok ? operate(c, parts, key, { kind: 'setPriority', priority: body.value.priority }) : body.response;
};

const oneTask = async (c: Context, parts: ApiParts): Promise<Response> => {
  const path = taskPath(c.req.url);
  if (path === null) return problem(c, 404, 'this path names no task; write /api/v1/tasks/{spec}/{id}, percent-encoded');
  switch (c.req.method) {
    case 'GET':
    case 'HEAD':
      return showTask(c, parts, path.key);
    case 'PATCH':
      return setPriority(c, parts, path.key);
    case 'POST': {
      if (path.operation === null) return wrongMethod(c, ['GET', 'PATCH']);
      const name = OPERATIONS.find((known) => known === path.operation?.name);
      if (name !== undefined) return operationNamed(c, parts, path.operation.key, name);
      return problem(c, 404, `there is no such operation on a task; expected one of ${OPERATIONS.join(', ')}`);
    }
    default:
      return wrongMethod(c, ['GET', 'PATCH', 'POST']);
  }
};

/** Tasks: listed, one by one with why, and what a person may do with one. */
export const taskRoutes = (app: Hono, parts: ApiParts): void => {
  route(app, '/api/v1/tasks', { GET: (c) => listTasks(c, parts) });
  app.all('/api/v1/tasks/*', (c) => oneTask(c, parts));
};
