import type { AnyStateMachine, InspectionEvent } from 'xstate';

/** A real machine on its bench, and a simple model beside it that says what must be true of it. */
export interface ModelledWorld {
  /** Compares the machine with the model; throws where they differ. Called after every step. */
  readonly look: () => void;
  /** Where it stands, as coarsely as the search for paths may tell places apart. */
  readonly place: () => string;
  /** From here on the world is kind: the machine must come to a good end. */
  readonly conclude: () => void;
}

/** One thing that may happen; random runs and shortest paths are made of the same. */
export interface Step<W> {
  readonly name: string;
  readonly can: (world: W) => boolean;
  readonly run: (world: W) => void;
}

/** Everything needed to drive one statechart through all it can do. */
export interface Modelled<W extends ModelledWorld> {
  readonly machine: AnyStateMachine;
  readonly begin: (inspect: (event: InspectionEvent) => void) => W;
  readonly steps: readonly Step<W>[];
}
