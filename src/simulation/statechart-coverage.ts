import type { AnyStateMachine, AnyStateNode, InspectionEvent } from 'xstate';

const nodesOf = (node: AnyStateNode): readonly AnyStateNode[] => [node, ...Object.values(node.states).flatMap(nodesOf)];

/** Every transition of a state, named by its source, its event, and its place among those of the event. */
const namesOf = (node: AnyStateNode): readonly string[] => {
  const listed = [...node.transitions.entries()];
  const always = node.always === undefined ? [] : [['always', node.always] as const];
  return [...listed, ...always].flatMap(([event, choices]) => choices.map((_, i) => `${node.id} on ${event} #${i + 1}`));
};

/** What of a statechart was walked through, seen from outside by inspection, microstep by microstep. */
export class StatechartCoverage {
  readonly #nodes: readonly AnyStateNode[];
  /** Name of the statechart. */
  readonly machine: string;
  readonly #states = new Set<string>();
  readonly #transitions = new Set<string>();

  constructor(machine: AnyStateMachine) {
    this.machine = machine.id;
    this.#nodes = nodesOf(machine.root);
  }

  /** For `createActor`'s `inspect`; sees all actors of the system and takes its own machine's. */
  readonly inspect = (event: InspectionEvent): void => {
    if (event.type !== '@xstate.microstep') return;
    for (const transition of event._transitions) {
      const { source } = transition;
      const eventType = String(transition.eventType);
      if (source.machine.id !== this.machine) continue;
      // A state that is left at once shows in no snapshot.
      this.#states.add(source.id);
      const always = source.always?.indexOf(transition) ?? -1;
      const index = always >= 0 ? always : (source.transitions.get(eventType)?.indexOf(transition) ?? -1);
      this.#transitions.add(`${source.id} on ${always >= 0 ? 'always' : eventType} #${index + 1}`);
    }
    const { snapshot } = event;
    if ('_nodes' in snapshot) for (const node of snapshot._nodes as readonly AnyStateNode[]) this.#states.add(node.id);
  };

  /** How many states there are. */
  get states(): number {
    return this.#nodes.length;
  }

  /** How many transitions there are. */
  get transitions(): number {
    return this.#nodes.flatMap(namesOf).length;
  }

  /** States never entered. */
  get missedStates(): readonly string[] {
    return this.#nodes.map(({ id }) => id).filter((id) => !this.#states.has(id));
  }

  /** Transitions never taken. */
  get missedTransitions(): readonly string[] {
    return this.#nodes.flatMap(namesOf).filter((name) => !this.#transitions.has(name));
  }
}
