import type { Hono } from 'hono';
import { z } from 'zod';
import { FEW_NAMES } from '../domain/deadlock.ts';
import type { ApiParts } from './api-parts.ts';
import { deadlockReport } from './deadlock-report.ts';
import { portProblem } from './problem.ts';
import { queryOf } from './request-input.ts';
import { route } from './route.ts';

const deadlocksQuery = z.strictObject({ names: z.coerce.number().int().min(0).default(FEW_NAMES) });

/** What can never go on; resolved by the operations on tasks and pools. */
export const deadlockRoutes = (app: Hono, { registry, live }: ApiParts): void => {
  route(app, '/api/v1/deadlocks', {
    GET: async (c) => {
      const query = queryOf(c, deadlocksQuery);
      if (!query.ok) return query.response;
      const report = await deadlockReport(registry, live.scheduler, query.value.names);
      return report.ok ? c.json(report.value) : portProblem(c, report.error);
    },
  });
};
