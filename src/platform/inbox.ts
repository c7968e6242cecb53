import type { Inbox } from '../ports/inbox.ts';

/**
 * First in, first out, delivered from the event loop and never inside {@link Inbox.post}. What is
 * posted during a round is delivered in the next one, so that I/O gets its turn in between.
 *
 * @param onError told of a delivery that threw; the others are made all the same
 */
export const createInbox = (onError: (error: unknown) => void): Inbox => {
  let waiting: (() => void)[] = [];
  const deliverAll = (): void => {
    const round = waiting;
    waiting = [];
    for (const deliver of round) {
      try {
        deliver();
      } catch (error) {
        onError(error);
      }
    }
  };
  return {
    post: (deliver) => {
      // The round in progress has its own array: an empty one means that no drain is due.
      if (waiting.length === 0) setImmediate(deliverAll);
      waiting.push(deliver);
    },
  };
};
