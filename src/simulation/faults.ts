import type { KeyedEntropy } from './keyed-entropy.ts';
import type { FaultKind, SimulationPlan } from './plan.ts';

/** Decides what goes wrong. Before the healing time each kind strikes by its own probability, after it none does. */
export class Faults {
  readonly #luck: KeyedEntropy;
  readonly #plan: Pick<SimulationPlan, 'faults' | 'healMs'>;
  readonly #now: () => number;

  constructor(plan: Pick<SimulationPlan, 'faults' | 'healMs'>, luck: KeyedEntropy, now: () => number) {
    this.#plan = plan;
    this.#luck = luck;
    this.#now = now;
  }

  get healed(): boolean {
    return this.#now() >= this.#plan.healMs;
  }

  probability(kind: FaultKind): number {
    return this.#plan.faults[kind] ?? 0;
  }

  /** @param what it would hit: the same question has the same answer */
  strikes(kind: FaultKind, what: string): boolean {
    return !this.healed && this.#luck.chance(`${what}|${kind}`, this.probability(kind));
  }

  /** Virtual ms, skewed to the short ones. */
  delay(what: string, longestMs: number): number {
    return Math.round(this.#luck.draw(`${what}|delay`) ** 3 * longestMs);
  }

  /** How many steps a life lasts until it is killed; infinite where nothing kills. */
  stepsToLive(life: number): number {
    const p = this.probability('kill');
    if (p <= 0) return Number.POSITIVE_INFINITY;
    // Geometric: the same chance at each step.
    return 1 + Math.floor(Math.log(1 - this.#luck.draw(`life ${life}|kill`)) / Math.log(1 - p));
  }
}
