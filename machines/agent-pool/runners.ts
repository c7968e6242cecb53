import { createActor, type AnyActorRef } from 'xstate';
import type { RunnerId } from '../../src/domain/ids.ts';
import type { ReadyTask } from '../../src/domain/task.ts';
import type { Adoption } from '../messages.ts';
import type { RunnerContext, RunnerEntry } from '../runner/context.ts';
import type { PoolContext } from './context.ts';

const spawn = (context: PoolContext, self: AnyActorRef, id: RunnerId, task: ReadyTask, entry: RunnerEntry): void => {
  const ref = createActor(context.runnerLogic, {
    id,
    parent: self,
    input: { runnerId: id, task, terms: context.terms, entry },
  });
  context.table.refs.set(id, ref);
  ref.start();
};

export const spawnFresh = (context: PoolContext, self: AnyActorRef, id: RunnerId, task: ReadyTask): void => {
  if (!context.table.refs.has(id)) spawn(context, self, id, task, { kind: 'fresh' });
};

export const spawnAdopted = (context: PoolContext, self: AnyActorRef, adoption: Adoption): void => {
  const { attempt, key, definition, repo, previous, task } = adoption.attempt;
  spawn(context, self, adoption.runnerId, task, {
    kind: 'adopted',
    claim: { key, attempt: attempt.attempt, definition, repo, previous },
    slot: adoption.slot,
    runDir: attempt.runDir,
    startedAtWall: attempt.startedAt,
  });
};

/**
 * A runner's actor broke: a bug. Its attempt must still be stopped, settled as lost and its slot
 * returned, which a new actor does with what the broken one knew.
 */
export const spawnCondemned = (
  context: PoolContext,
  self: AnyActorRef,
  id: RunnerId,
  last: RunnerContext,
  reason: string,
): void => {
  context.table.refs.delete(id);
  context.table.deadlines.clearAll(id);
  spawn(context, self, id, last.task, { kind: 'condemned', reason, last });
};
