import type { Clock } from '../ports/clock.ts';

/** Longest delay that Node's timers take (2³¹ − 1 ms, 24.8 days); a longer one would fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

interface LongTimer {
  timer: NodeJS.Timeout | null;
}

const arm = (handle: LongTimer, fn: () => void, delayMs: number): void => {
  if (delayMs <= LONGEST_TIMER_MS) {
    handle.timer = setTimeout(fn, Math.max(0, delayMs));
    return;
  }
  handle.timer = setTimeout(() => arm(handle, fn, delayMs - LONGEST_TIMER_MS), LONGEST_TIMER_MS);
};

const isLongTimer = (id: unknown): id is LongTimer => typeof id === 'object' && id !== null && 'timer' in id;

/** The clock of the machine. Delays of any length work, `Infinity` included; a delay that is not a number is a bug. */
export const systemClock = (): Clock => ({
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  setTimeout: (fn, delayMs) => {
    if (Number.isNaN(delayMs)) throw new RangeError('setTimeout: the delay is not a number');
    const handle: LongTimer = { timer: null };
    arm(handle, fn, delayMs);
    return handle;
  },
  clearTimeout: (id) => {
    if (!isLongTimer(id) || id.timer === null) return;
    clearTimeout(id.timer);
    id.timer = null;
  },
});
