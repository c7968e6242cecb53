import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock } from 'node:test';

/** Told of a warning that the test under way is to cause. */
export interface ExpectedWarnings {
  readonly expect: (warning: RegExp) => void;
}

/** A pool makes its runners in a plain action, outside of `children`, and making one assigns its context. */
const SPAWNING = 'Custom actions should not call `assign()` directly';

/**
 * XState's development build warns of actions and actors that are missing and of messages to actors
 * that have ended. Every warning fails the test during which it came,
 * but for those it expects: where an actor is dead because the test is about that.
 */
export const failOnWarnings = (): ExpectedWarnings => {
  const expected: RegExp[] = [];
  const warn = mock.method(console, 'warn', () => undefined);
  beforeEach(() => {
    warn.mock.resetCalls();
    expected.length = 0;
  });
  afterEach(() => {
    const told = warn.mock.calls.map((call) => String(call.arguments[0])).filter((text) => !text.startsWith(SPAWNING));
    const surprising = told.filter((text) => !expected.some((warning) => warning.test(text)));
    assert.deepEqual(surprising, [], 'warnings');
  });
  return { expect: (warning) => void expected.push(warning) };
};
