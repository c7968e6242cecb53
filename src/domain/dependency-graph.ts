/** Nodes and what each depends on. Names that are no node themselves are ignored. */
export type DependencyGraph = ReadonlyMap<string, readonly string[]>;

/**
 * Strongly connected components that hold a cycle, by Tarjan's algorithm without recursion, so that
 * a chain of a million tasks does not overflow the stack. O(nodes + edges).
 * @see Tarjan, "Depth-first search and linear graph algorithms", 1972
 */
export const cyclicComponents = (graph: DependencyGraph): readonly (readonly string[])[] => {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const onStack = new Set<string>();
  const stack: string[] = [];
  const found: string[][] = [];
  let counter = 0;

  const enter = (node: string): void => {
    index.set(node, counter);
    low.set(node, counter);
    counter += 1;
    stack.push(node);
    onStack.add(node);
  };
  const lower = (node: string, candidate: number): void => {
    if (candidate < (low.get(node) ?? 0)) low.set(node, candidate);
  };
  const leave = (node: string): void => {
    if (low.get(node) !== index.get(node)) return;
    const members = stack.splice(stack.lastIndexOf(node));
    for (const member of members) onStack.delete(member);
    const selfLoop = members.length === 1 && (graph.get(node) ?? []).includes(node);
    if (members.length > 1 || selfLoop) found.push(members);
  };

  for (const root of graph.keys()) {
    if (index.has(root)) continue;
    enter(root);
    const frames: { node: string; next: number }[] = [{ node: root, next: 0 }];
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const child = graph.get(frame.node)?.[frame.next];
      frame.next += 1;
      if (child === undefined) {
        frames.pop();
        leave(frame.node);
        const parent = frames.at(-1);
        if (parent !== undefined) lower(parent.node, low.get(frame.node) ?? 0);
      } else if (!graph.has(child)) {
        continue;
      } else if (!index.has(child)) {
        enter(child);
        frames.push({ node: child, next: 0 });
      } else if (onStack.has(child)) {
        lower(frame.node, index.get(child) ?? 0);
      }
    }
  }
  return found;
};

/** Shortest way from `start` back to itself inside `members`, by breadth-first search. */
const shortestCycleFrom = (graph: DependencyGraph, members: ReadonlySet<string>, start: string): readonly string[] => {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (let head = 0; head < queue.length; head += 1) {
    const node = queue[head];
    if (node === undefined) break;
    for (const next of graph.get(node) ?? []) {
      if (next === start) {
        const path = [start];
        for (let step = node; step !== start; step = cameFrom.get(step) ?? start) path.unshift(step);
        return [start, ...path];
      }
      if (!members.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return [start];
};

/**
 * One cycle for each component that has any, named by its path, the first node repeated at the end.
 *
 * @example findCycles(new Map([['a', ['b']], ['b', ['a']]])) // [['a', 'b', 'a']]
 */
export const findCycles = (graph: DependencyGraph): readonly (readonly string[])[] => {
  const order = new Map([...graph.keys()].map((node, i) => [node, i]));
  return cyclicComponents(graph).map((members) => {
    const first = members.reduce((a, b) => ((order.get(a) ?? 0) <= (order.get(b) ?? 0) ? a : b));
    return shortestCycleFrom(graph, new Set(members), first);
  });
};
