import fc from 'fast-check';
import { drawPlan, type Preset } from '../../src/simulation/draw-plan.ts';
import type { SimulationPlan } from '../../src/simulation/plan.ts';
import { smallerPlans } from '../../src/simulation/smaller-plans.ts';

/** Plans of a preset, each drawn from a seed of its own; a failing one is shrunk as a plan, not as a seed. */
class PlanArbitrary extends fc.Arbitrary<SimulationPlan> {
  readonly #preset: Preset;

  constructor(preset: Preset) {
    super();
    this.#preset = preset;
  }

  override generate(random: fc.Random): fc.Value<SimulationPlan> {
    return new fc.Value(drawPlan(random.nextInt(0, 2 ** 31 - 1), this.#preset), undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is SimulationPlan {
    return typeof value === 'object' && value !== null && 'submissions' in value;
  }

  override shrink(plan: SimulationPlan): fc.Stream<fc.Value<SimulationPlan>> {
    return fc.stream(smallerPlans(plan)).map((smaller) => new fc.Value(smaller, undefined));
  }
}

export const planArbitrary = (preset: Preset): fc.Arbitrary<SimulationPlan> => new PlanArbitrary(preset);
