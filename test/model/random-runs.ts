import fc from 'fast-check';
import type { InspectionEvent } from 'xstate';
import type { Modelled, ModelledWorld, Step } from './modelled.ts';

class StepCommand<W extends ModelledWorld> implements fc.Command<W, W> {
  readonly #step: Step<W>;

  constructor(step: Step<W>) {
    this.#step = step;
  }

  check(world: Readonly<W>): boolean {
    return this.#step.can(world);
  }

  run(_: W, world: W): void {
    this.#step.run(world);
    world.look();
  }

  toString(): string {
    return this.#step.name;
  }
}

export interface RandomRuns {
  readonly runs: number;
  readonly length: number;
  /** The same runs every time: they are too few to be left to luck. */
  readonly seed: number;
}

/** Runs of steps drawn by luck, each beside the model and brought to its end; a failing one is shrunk. */
export const randomRuns = <W extends ModelledWorld>(
  { begin, steps }: Modelled<W>,
  inspect: (event: InspectionEvent) => void,
  { runs, length, seed }: RandomRuns,
): void => {
  const commands = steps.map((step) => fc.constant(new StepCommand(step)));
  fc.assert(
    fc.property(fc.commands(commands, { maxCommands: length, size: 'max' }), (drawn) => {
      const world = begin(inspect);
      world.look();
      fc.modelRun(() => ({ model: world, real: world }), drawn);
      world.conclude();
    }),
    { numRuns: runs, seed },
  );
};
