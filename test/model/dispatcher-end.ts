import assert from 'node:assert/strict';
import type { DispatcherBench } from './dispatcher-bench.ts';

export interface LifeKind {
  readonly untilIdle: boolean;
  /** `on_shutdown: leave`. */
  readonly leaves: boolean;
  /** Its recovery throws. */
  readonly broken: boolean;
}

export type Phase = 'starting' | 'running' | 'finishing' | 'draining' | 'aborting' | 'closing' | 'forsaking' | 'stopped' | 'failed';

export const isEnd = (phase: Phase | null): boolean => phase === 'stopped' || phase === 'failed';

/** What must be true of a dispatcher that has come to this end. */
export const judgeEnd = (bench: DispatcherBench, phase: Phase, { leaves }: LifeKind): void => {
  const { actor, clock, desk } = bench;
  const { output } = actor.getSnapshot();
  assert.equal(output?.failure !== null, phase === 'failed');
  assert.equal(clock.pending, 0, 'no timer is left');
  if (phase === 'stopped' && !leaves) assert.deepEqual(desk.calls.filter(({ open }) => open), [], 'no port call is left open');
  assert.ok(bench.events().filter((type) => type === 'DispatcherStopped').length <= 1);
};
