import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';

/** A bound that only what is broken meets, in ms: the machine may be busy with other tests. */
export const DEADLINE_MS = 60_000;

/**
 * Waits until a condition holds, that is until it gives something else than `false`, `null` or
 * `undefined`, and returns that. Fails with what it waited for, and with what was to be seen then.
 */
export const until = async <T>(
  what: string,
  look: () => T | Promise<T>,
  seen: () => string = () => '',
): Promise<Exclude<T, false | null | undefined>> => {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const found = await look();
    if (found !== false && found !== null && found !== undefined) {
      return found as Exclude<T, false | null | undefined>;
    }
    if (performance.now() > deadline) assert.fail(`never came: ${what}\n${seen()}`);
    await pause(10);
  }
};
