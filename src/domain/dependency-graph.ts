import { CycleSearch, cyclicNodes, numberedGraph, type NumberedGraph } from './numbered-graph.ts';

/** Nodes and what each depends on. Names that are no node themselves are ignored. */
export type DependencyGraph = ReadonlyMap<string, readonly string[]>;

/** The same with numbers for names, in the graph's own order. */
const numbered = (graph: DependencyGraph): { readonly names: readonly string[]; readonly numbers: NumberedGraph } => {
  const names = [...graph.keys()];
  const order = new Map(names.map((name, number) => [name, number]));
  let most = 0;
  for (const targets of graph.values()) most += targets.length;
  const from = new Int32Array(most);
  const to = new Int32Array(most);
  let edges = 0;
  let node = 0;
  for (const targets of graph.values()) {
    for (const target of targets) {
      const number = order.get(target);
      if (number === undefined) continue;
      from[edges] = node;
      to[edges] = number;
      edges += 1;
    }
    node += 1;
  }
  return { names, numbers: numberedGraph(names.length, from, to, edges) };
};

const named = (names: readonly string[], numbers: readonly number[]): readonly string[] =>
  numbers.map((number) => names[number] ?? '');

/** Strongly connected components that hold a cycle. O(nodes + edges), and no recursion. */
export const cyclicComponents = (graph: DependencyGraph): readonly (readonly string[])[] => {
  const { names, numbers } = numbered(graph);
  return cyclicNodes(numbers).map((members) => named(names, members));
};

/**
 * One cycle for each component that has any, named by its path, the first node repeated at the end.
 *
 * @example findCycles(new Map([['a', ['b']], ['b', ['a']]])) // [['a', 'b', 'a']]
 */
export const findCycles = (graph: DependencyGraph): readonly (readonly string[])[] => {
  const { names, numbers } = numbered(graph);
  const search = new CycleSearch(numbers);
  return cyclicNodes(numbers).map((members) => {
    const inside = new Set(members);
    const first = members.reduce((a, b) => Math.min(a, b));
    return named(names, search.shortest(first, (node) => inside.has(node)));
  });
};
