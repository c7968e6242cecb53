/** Luck. Draws are keyed by what they decide, so that one draw more does not move the others. */
export interface Entropy {
  /** Uniform in [0, 1). */
  draw(key: string): number;
}
