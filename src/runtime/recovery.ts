import type { Adoption, DispatcherMessage } from '../../machines/messages.ts';
import type { OpenAttempt } from '../ports/task-registry.ts';
import type { Answer } from './port-actor.ts';
import type { Ports } from './ports.ts';
import { readThrottles } from './stored-throttles.ts';

/**
 * What an earlier dispatcher left open becomes adoptions. Every slot it lent is marked as held
 * before anything new can ask for one; what became of each runner its own statechart finds out.
 */
export const recover = (ports: Ports, answer: Answer<DispatcherMessage>): void => {
  ports.registry.openAttempts((reply) => {
    if (!reply.ok) {
      answer({ type: 'recovery.failed', error: reply.error });
      return;
    }
    reclaimAll(ports, reply.value, (adoptions) => {
      // Slots that were lent to attempts which are settled: the crash came before they were given back.
      ports.repoPool.tidy((tidied) => {
        if (!tidied.ok) ports.telemetry.tell({ type: 'trouble', message: tidied.error.message, task: null, pool: null });
        readThrottles(ports, (throttles) => {
          if (throttles.ok) answer({ type: 'recovery.finished', adoptions, throttles: throttles.value });
          else answer({ type: 'recovery.failed', error: throttles.error });
        });
      });
    });
  });
};

const reclaimAll = (
  ports: Ports,
  attempts: readonly OpenAttempt[],
  finish: (adoptions: readonly Adoption[]) => void,
): void => {
  const adoptions: Adoption[] = [];
  const next = (index: number): void => {
    const open = attempts[index];
    if (open === undefined) return finish(adoptions);
    const { runnerId, pool, slotId } = open.attempt;
    ports.repoPool.reclaim(slotId, runnerId, (reply) => {
      // A slot that cannot be had back (fewer are configured now) is used to its end, but not returned.
      const slot = reply.ok ? reply.value : null;
      if (!reply.ok) {
        const message = `slot ${slotId} is not taken over: ${reply.error.message}`;
        ports.telemetry.tell({ type: 'trouble', message, task: open.key, pool });
      }
      adoptions.push({ runnerId, pool, attempt: open, slot });
      next(index + 1);
    });
  };
  next(0);
};
