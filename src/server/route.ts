import type { Context, Hono } from 'hono';
import { problem } from './problem.ts';

export type Handler = (c: Context) => Response | Promise<Response>;
export type Handlers = Readonly<Partial<Record<'GET' | 'POST' | 'PATCH', Handler>>>;

/** The answer to a method that the path does not have. */
export const wrongMethod = (c: Context, allowed: readonly string[]): Response => {
  c.header('Allow', allowed.join(', '));
  return problem(c, 405, `${c.req.method} does nothing here; allowed: ${allowed.join(', ')}`);
};

/** All methods of a path in one place, so that every other one is refused as such. */
export const route = (app: Hono, path: string, handlers: Handlers): void => {
  for (const [method, handler] of Object.entries(handlers)) app.on(method, path, handler);
  app.all(path, (c) => wrongMethod(c, Object.keys(handlers)));
};
