import { event as draft, type EventDraft, type EventType } from '../../src/domain/events.ts';
import type { DispatcherMessage } from '../messages.ts';

const POOL_EVENTS: Readonly<Record<string, EventType>> = {
  enabled: 'PoolEnabled',
  disabled: 'PoolDisabled',
  draining: 'PoolDraining',
  tripped: 'PoolTripped',
};

/** What goes on record of a change of a pool. @param at ms since the epoch */
export const poolEvent = (
  message: Extract<DispatcherMessage, { readonly type: 'pool.changed' | 'pool.resized' }>,
  at: number,
): EventDraft => {
  const { pool, actor } = message;
  if (message.type === 'pool.resized') {
    return draft('PoolResized', at, actor, { pool, details: { max_concurrency: message.maxConcurrency } });
  }
  const { state, reason } = message;
  const recovered = state === 'enabled' && actor === 'dispatcher';
  const type = recovered ? 'PoolRecovered' : (POOL_EVENTS[state] ?? 'PoolDisabled');
  return draft(type, at, actor, { pool, details: reason === '' ? {} : { reason } });
};
