/** A graph over the numbers from 0 to `size - 1`; what node `n` points to stands from `starts[n]` to before `starts[n + 1]`. */
export interface NumberedGraph {
  readonly size: number;
  readonly starts: Int32Array;
  readonly targets: Int32Array;
}

/**
 * Two flat arrays out of a list of edges, each node's in the order of the list. O(nodes + edges), and no
 * object for an edge: a million of them take 8 MB.
 *
 * @param from nodes that the edges lead from, `to` those they lead to; only the first `edges` count
 */
export const numberedGraph = (size: number, from: Int32Array, to: Int32Array, edges: number): NumberedGraph => {
  const starts = new Int32Array(size + 1);
  for (let edge = 0; edge < edges; edge += 1) {
    const next = (from[edge] ?? 0) + 1;
    starts[next] = (starts[next] ?? 0) + 1;
  }
  for (let node = 0; node < size; node += 1) starts[node + 1] = (starts[node + 1] ?? 0) + (starts[node] ?? 0);
  const targets = new Int32Array(edges);
  const free = starts.slice(0, size);
  for (let edge = 0; edge < edges; edge += 1) {
    const node = from[edge] ?? 0;
    const place = free[node] ?? 0;
    targets[place] = to[edge] ?? 0;
    free[node] = place + 1;
  }
  return { size, starts, targets };
};

const UNSEEN = -1;

/** Whether it is a component of more than one node, or a node that points to itself. */
const isCyclic = ({ starts, targets }: NumberedGraph, members: readonly number[]): boolean => {
  const [only] = members;
  if (only === undefined || members.length > 1) return members.length > 1;
  return targets.subarray(starts[only], starts[only + 1]).includes(only);
};

/** One search by Tarjan; its stacks are arrays, so that a chain of a million nodes overflows nothing. */
class ComponentSearch {
  readonly #graph: NumberedGraph;
  readonly #index: Int32Array;
  readonly #low: Int32Array;
  readonly #onStack: Uint8Array;
  /** Where each node's walk over its targets stands. */
  readonly #next: Int32Array;
  readonly #stack: number[] = [];
  readonly #path: number[] = [];
  readonly found: number[][] = [];
  #counter = 0;

  constructor(graph: NumberedGraph) {
    this.#graph = graph;
    this.#index = new Int32Array(graph.size).fill(UNSEEN);
    this.#low = new Int32Array(graph.size);
    this.#onStack = new Uint8Array(graph.size);
    this.#next = graph.starts.slice(0, graph.size);
  }

  from(root: number): void {
    if (this.#index[root] !== UNSEEN) return;
    this.#enter(root);
    for (let node = this.#path.at(-1); node !== undefined; node = this.#path.at(-1)) this.#step(node);
  }

  #enter(node: number): void {
    this.#index[node] = this.#counter;
    this.#low[node] = this.#counter;
    this.#counter += 1;
    this.#onStack[node] = 1;
    this.#stack.push(node);
    this.#path.push(node);
  }

  #step(node: number): void {
    const { starts, targets } = this.#graph;
    const at = this.#next[node] ?? 0;
    if (at === starts[node + 1]) return this.#leave(node);
    this.#next[node] = at + 1;
    const target = targets[at] ?? 0;
    if (this.#index[target] === UNSEEN) this.#enter(target);
    else if (this.#onStack[target] === 1) this.#lower(node, this.#index[target] ?? 0);
  }

  #lower(node: number, candidate: number): void {
    if (candidate < (this.#low[node] ?? 0)) this.#low[node] = candidate;
  }

  #leave(node: number): void {
    this.#path.pop();
    const parent = this.#path.at(-1);
    const low = this.#low[node] ?? 0;
    if (parent !== undefined) this.#lower(parent, low);
    if (low !== this.#index[node]) return;
    const members: number[] = [];
    for (let member = this.#stack.pop(); member !== undefined; member = this.#stack.pop()) {
      this.#onStack[member] = 0;
      members.push(member);
      if (member === node) break;
    }
    if (isCyclic(this.#graph, members)) this.found.push(members.toReversed());
  }
}

/**
 * Strongly connected components that hold a cycle. O(nodes + edges).
 * @see Tarjan, "Depth-first search and linear graph algorithms", 1972
 */
export const cyclicNodes = (graph: NumberedGraph): readonly (readonly number[])[] => {
  const search = new ComponentSearch(graph);
  for (let node = 0; node < graph.size; node += 1) search.from(node);
  return search.found;
};

/** Looks for short cycles in one graph, again and again, with one array for all searches. */
export class CycleSearch {
  readonly #graph: NumberedGraph;
  readonly #cameFrom: Int32Array;

  constructor(graph: NumberedGraph) {
    this.#graph = graph;
    this.#cameFrom = new Int32Array(graph.size).fill(UNSEEN);
  }

  /**
   * A shortest way from `start` back to itself, `start` at both ends, by breadth-first search that never
   * leaves the nodes for which `isInside`; `start` alone where there is none.
   */
  shortest(start: number, isInside: (node: number) => boolean): readonly number[] {
    const queue = [start];
    const last = this.#reach(start, queue, isInside);
    const path = [start];
    for (let step = last; step !== start && step !== UNSEEN; step = this.#cameFrom[step] ?? start) path.push(step);
    for (const node of queue) this.#cameFrom[node] = UNSEEN;
    return last === UNSEEN ? path : [...path, start].toReversed();
  }

  /** The node from which `start` is reached again. */
  #reach(start: number, queue: number[], isInside: (node: number) => boolean): number {
    const { starts, targets } = this.#graph;
    for (const node of queue) {
      for (let at = starts[node] ?? 0; at < (starts[node + 1] ?? 0); at += 1) {
        const next = targets[at] ?? 0;
        if (next === start) return node;
        if (this.#cameFrom[next] !== UNSEEN || !isInside(next)) continue;
        this.#cameFrom[next] = node;
        queue.push(next);
      }
    }
    return UNSEEN;
  }
}
