/**
 * Through here every completion of a port call reaches an actor, one at a time and in order of
 * arrival, never inside the call that caused it. The simulator owns the order of its own.
 */
export interface Inbox {
  post(deliver: () => void): void;
}
