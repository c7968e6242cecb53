import type { Throttle } from '../../machines/messages.ts';
import type { DispatcherEvent } from '../domain/events.ts';
import { poolName, type PoolName } from '../domain/ids.ts';
import { ok } from '../domain/result.ts';
import type { Reply } from '../ports/reply.ts';
import type { Ports } from './ports.ts';

/** Events read in one go. */
const PAGE = 10_000;

const note = (open: Map<PoolName, Throttle>, { type, pool, details }: DispatcherEvent): void => {
  if (type === 'PoolThrottled' && pool !== null) {
    const { until, reason } = details;
    if (typeof until !== 'number' || until <= (open.get(pool)?.until ?? 0)) return;
    open.set(pool, { pool, until, reason: typeof reason === 'string' ? reason : '' });
  } else if (type === 'PoolUnthrottled') {
    const pools: unknown = details['pools'];
    for (const name of Array.isArray(pools) ? pools : []) open.delete(poolName(String(name)));
  }
};

/** Pools that an earlier dispatcher was told to leave alone, and still must be: as the events have it. */
export const readThrottles = ({ registry, clock }: Ports, reply: Reply<readonly Throttle[]>): void => {
  const open = new Map<PoolName, Throttle>();
  const next = (after: number): void => {
    registry.events({ after, limit: PAGE, types: ['PoolThrottled', 'PoolUnthrottled'] }, (page) => {
      if (!page.ok) return reply(page);
      for (const event of page.value) note(open, event);
      const last = page.value.at(-1);
      if (last !== undefined && page.value.length === PAGE) return next(last.seq);
      const now = clock.wall();
      reply(ok([...open.values()].filter(({ until }) => until > now)));
    });
  };
  next(0);
};
