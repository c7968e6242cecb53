import { CycleSearch, cyclicNodes, numberedGraph, type NumberedGraph } from './numbered-graph.ts';

/** Why a dependency will not be satisfied by itself. */
export type RootCause = 'failed' | 'cancelled' | 'missing';

/** Which tasks wait for which, by numbers that the caller has given them. */
export interface Waits {
  /** From a blocked task to each of its dependencies that is not satisfied. */
  readonly graph: NumberedGraph;
  /** Of those dependencies, the ones that will not be satisfied by themselves. */
  readonly roots: ReadonlyMap<number, RootCause>;
}

/** What keeps tasks blocked until a person does something. */
export interface Knot {
  readonly kind: 'cycle' | RootCause;
  /** A shortest cycle with its first node at both ends; else the root alone. */
  readonly path: readonly number[];
  /** Tasks that wait for it, over any number of steps and with those in the cycle. */
  readonly count: number;
  /** False: at least so many. */
  readonly isExact: boolean;
  /** The nearest of them, as many as were asked for. */
  readonly first: readonly number[];
}

export interface KnotReport {
  /** Cycles first, then roots by number. */
  readonly knots: readonly Knot[];
  /** Tasks held up by anything at all, each counted once. */
  readonly stuck: number;
}

/**
 * So often the whole graph may be walked to count what each root holds up. Thousands of roots above the
 * same tasks would else take time by the square.
 */
const WALKS = 12;

/** From each of so many members of a cycle its shortest way round is looked for: that takes time by the square. */
const FEW = 16;
/** One that waits for itself, named twice. */
const SHORTEST = 2;

const reversed = ({ size, starts, targets }: NumberedGraph): NumberedGraph => {
  const to = new Int32Array(targets.length);
  for (let node = 0; node < size; node += 1) to.fill(node, starts[node], starts[node + 1]);
  return numberedGraph(size, targets, to, targets.length);
};

/** Walks from causes to those who wait for them, with one set of marks for all walks and a bound on the sum. */
class Dependents {
  readonly #waiting: NumberedGraph;
  readonly #marks: Int32Array;
  #walk = 0;
  #left: number;

  constructor(waiting: NumberedGraph) {
    this.#waiting = waiting;
    this.#marks = new Int32Array(waiting.size);
    this.#left = WALKS * (waiting.size + waiting.targets.length);
  }

  /** All behind `sources`, nearest first, with the sources themselves if `isIncluded`. */
  of(sources: readonly number[], isIncluded: boolean): { readonly found: readonly number[]; readonly isExact: boolean } {
    const { starts, targets } = this.#waiting;
    this.#walk += 1;
    const marks = this.#marks;
    const queue = [...sources];
    for (const source of sources) marks[source] = this.#walk;
    for (const [steps, node] of queue.entries()) {
      // One step from the sources is always looked at: what waits for them directly is known.
      if (steps >= sources.length && this.#left <= 0) break;
      const [start, end] = [starts[node] ?? 0, starts[node + 1] ?? 0];
      this.#left -= 1 + end - start;
      for (let at = start; at < end; at += 1) {
        const next = targets[at] ?? 0;
        if (marks[next] === this.#walk) continue;
        marks[next] = this.#walk;
        queue.push(next);
      }
    }
    return { found: isIncluded ? queue : queue.slice(sources.length), isExact: this.#left > 0 };
  }
}

/** The cycles of a graph, each named by one of its shortest ways round. */
class Cycles {
  readonly #graph: NumberedGraph;
  readonly #search: CycleSearch;
  /** Of each node in a cycle the number of its component, from 1. */
  readonly #component: Int32Array;
  readonly components: readonly (readonly number[])[];

  constructor(graph: NumberedGraph) {
    this.#graph = graph;
    this.#search = new CycleSearch(graph);
    this.#component = new Int32Array(graph.size);
    this.components = cyclicNodes(graph);
    for (const [i, members] of this.components.entries()) for (const member of members) this.#component[member] = i + 1;
  }

  /** The shortest through any of a few members; of many, or in a plain ring, through the one with the lowest number. */
  shortestOf(members: readonly number[]): readonly number[] {
    const lowest = members.reduce((a, b) => Math.min(a, b));
    const component = this.#component[lowest];
    const isInside = (node: number): boolean => this.#component[node] === component;
    const isSimple = members.length > FEW || this.#isRing(members, isInside);
    let best: readonly number[] = [];
    for (const start of isSimple ? [lowest] : members.toSorted((a, b) => a - b)) {
      const cycle = this.#search.shortest(start, isInside);
      if (best.length === 0 || cycle.length < best.length) best = cycle;
      if (best.length <= SHORTEST) break;
    }
    return best;
  }

  /** Where as many edges as nodes lead from one to another there is but one way round. */
  #isRing(members: readonly number[], isInside: (node: number) => boolean): boolean {
    const { starts, targets } = this.#graph;
    const inner = members.map((node) => targets.subarray(starts[node], starts[node + 1]).filter(isInside).length);
    return inner.every((edges) => edges === 1);
  }
}

/**
 * Everything that keeps blocked tasks blocked for good: cycles, each named by one of its shortest ways
 * round, and dependencies that failed, were cancelled or do not exist. O(nodes + edges), but for the
 * counts: those are exact as long as few roots lie above the same tasks.
 *
 * @param most names wanted of those that are held up, for each finding
 */
export const findKnots = ({ graph, roots }: Waits, most: number): KnotReport => {
  const waiting = reversed(graph);
  const dependents = new Dependents(waiting);
  const knotOf = (kind: Knot['kind'], path: readonly number[], sources: readonly number[]): Knot => {
    const { found, isExact } = dependents.of(sources, kind === 'cycle');
    return { kind, path, count: found.length, isExact, first: found.slice(0, most) };
  };
  const cycles = new Cycles(graph);
  const knots = cycles.components.map((members) => knotOf('cycle', cycles.shortestOf(members), members));
  for (const [root, cause] of [...roots].toSorted(([a], [b]) => a - b)) knots.push(knotOf(cause, [root], [root]));
  const inCycles = cycles.components.flat();
  const all = new Dependents(waiting).of([...inCycles, ...roots.keys()], false);
  return { knots, stuck: inCycles.length + all.found.length };
};
