/**
 * Time, given from outside so that a simulator can own it. Structurally an XState `Clock`, so the
 * root actor takes it as it is. All values in milliseconds.
 */
export interface Clock {
  /** Never goes back, not touched by changes of the wall clock: for time-outs. */
  monotonic(): number;
  /** ms since the epoch: for stamps and for deadlines that outlive the process. */
  wall(): number;
  setTimeout(fn: () => void, delayMs: number): unknown;
  clearTimeout(id: unknown): void;
}
