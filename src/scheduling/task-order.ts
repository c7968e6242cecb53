import type { ReadyTask } from '../domain/task.ts';

/** Strict order in which ready tasks are taken: whether `a` goes before `b`. */
export type TaskOrder = (a: ReadyTask, b: ReadyTask) => boolean;

/** First in, first out, by order of submission. */
export const fifoOrder: TaskOrder = (a, b) => a.position < b.position;

/** Higher priority first, first in first out among equals. */
export const priorityOrder: TaskOrder = (a, b) =>
  a.priority === b.priority ? a.position < b.position : a.priority > b.priority;

/**
 * Higher priority first, each gaining priority while it is ready. Both of two tasks gain at the same rate,
 * so that their order never changes while they wait: what counts is the priority each would have had at the
 * beginning of time.
 *
 * @param perMs priority gained per ms of waiting; at 0 it is {@link priorityOrder}
 */
export const ageingOrder = (perMs: number): TaskOrder => {
  if (perMs === 0) return priorityOrder;
  const standing = ({ priority, readyAt }: ReadyTask): number => priority - readyAt * perMs;
  return (a, b) => {
    const [ofA, ofB] = [standing(a), standing(b)];
    return ofA === ofB ? a.position < b.position : ofA > ofB;
  };
};
