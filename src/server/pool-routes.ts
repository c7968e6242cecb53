import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { poolName, type PoolName } from '../domain/ids.ts';
import type { PoolOrder } from '../../machines/messages.ts';
import type { ApiParts } from './api-parts.ts';
import { unknownPool } from './known-name.ts';
import { portProblem, problem } from './problem.ts';
import { actorOf, bodyOf } from './request-input.ts';
import { route } from './route.ts';

const MOST_CONCURRENCY = 1_000_000;
const LIMIT = `expected a whole number from 1 to ${MOST_CONCURRENCY}; to take nothing more, disable the pool`;

const poolBody = z
  .strictObject({
    state: z.enum(['enabled', 'disabled', 'draining'], 'expected one of enabled, disabled, draining').optional(),
    max_concurrency: z.int(LIMIT).min(1, LIMIT).max(MOST_CONCURRENCY, LIMIT).optional(),
  });

type State = NonNullable<z.output<typeof poolBody>['state']>;

const orderOf = (state: State, actor: string): PoolOrder => {
  switch (state) {
    case 'enabled':
      return { type: 'pool.enable', actor };
    case 'disabled':
      return { type: 'pool.disable', actor, reason: `by ${actor}` };
    case 'draining':
      return { type: 'pool.drain', actor };
  }
};

/** Where an order leads: a pool without runners is drained as soon as it is told to. */
const isObeyed = (asked: State, found: string): boolean => found === asked || (asked === 'draining' && found === 'disabled');

const changePool = async (c: Context, parts: ApiParts): Promise<Response> => {
  const name: PoolName = poolName(c.req.param('name') ?? '');
  const body = await bodyOf(c, poolBody);
  if (!body.ok) return body.response;
  const { state, max_concurrency: maxConcurrency } = body.value;
  const known = parts.live.pools().map((pool) => pool.name);
  if (!known.includes(name)) return portProblem(c, unknownPool(name, known));
  if (state === undefined && maxConcurrency === undefined) {
    return problem(c, 400, 'body: expected state, max_concurrency or both');
  }
  const { live } = parts;
  const actor = actorOf(c);
  const orders: PoolOrder[] = [];
  if (maxConcurrency !== undefined) orders.push({ type: 'pool.resize', actor, maxConcurrency });
  if (state !== undefined) orders.push(orderOf(state, actor));
  for (const order of orders) {
    const taken = live.order(name, order);
    if (!taken.ok) return portProblem(c, taken.error);
  }
  const found = live.scheduler.ledger.stateOf(name);
  if (state !== undefined && !isObeyed(state, found)) {
    return problem(c, 409, `pool ${name} is ${found} and cannot be ${state} just now (its engine is being probed); try again in a moment`);
  }
  const report = await parts.status();
  if (!report.ok) return portProblem(c, report.error);
  return c.json(report.value.pools.find((pool) => pool.name === name));
};

/** Pools and runners, and orders to pools; an answer tells what came of the order. */
export const poolRoutes = (app: Hono, parts: ApiParts): void => {
  const part = (of: 'pools' | 'runners') => async (c: Context) => {
    const report = await parts.status();
    return report.ok ? c.json({ [of]: report.value[of] }) : portProblem(c, report.error);
  };
  route(app, '/api/v1/pools', { GET: part('pools') });
  route(app, '/api/v1/pools/:name', { PATCH: (c) => changePool(c, parts) });
  route(app, '/api/v1/runners', { GET: part('runners') });
  route(app, '/api/v1/reload', {
    POST: async (c) => {
      const body = await bodyOf(c, z.strictObject({}));
      if (!body.ok) return body.response;
      const report = await parts.reload(actorOf(c));
      if (report.ok) return c.json(report.value);
      return report.error.kind === 'invalid' ? problem(c, 422, report.error.message) : portProblem(c, report.error);
    },
  });
  route(app, '/api/v1/drain', {
    POST: async (c) => {
      const body = await bodyOf(c, z.strictObject({}));
      if (!body.ok) return body.response;
      // Counted first: with nothing to wait for, the dispatcher is at its end when this returns.
      const running = parts.live.scheduler.ledger.running;
      parts.live.drain(actorOf(c));
      return c.json({ draining: true, running }, 202);
    },
  });
};
