import type { OrderNode, PlanGraph } from './order-node.ts';
import type { PlanFinding } from './plan.ts';

/** Where a graph puts each node that it names. */
export interface Levels {
  /** Of each node the one that names it: itself, or the nearest parent that is named; `null`: nobody. */
  readonly governor: readonly (number | null)[];
  /** Of each node that is named: nothing waits for one of the same or a higher level. */
  readonly level: ReadonlyMap<number, number>;
  readonly findings: readonly PlanFinding[];
}

/** Longest way to each node along the edges; those in a cycle have none. Kahn's algorithm. */
const levelsOfEdges = (graph: Extract<PlanGraph, { kind: 'edges' }>): ReadonlyMap<number, number> => {
  const level = new Map(graph.named.map((node) => [node, 0]));
  const waiting = new Map<number, number>();
  const next = new Map<number, number[]>();
  for (const [from, to] of graph.edges) {
    waiting.set(to, (waiting.get(to) ?? 0) + 1);
    const others = next.get(from);
    if (others === undefined) next.set(from, [to]);
    else others.push(to);
  }
  const free = graph.named.filter((node) => !waiting.has(node));
  for (let at = 0; at < free.length; at += 1) {
    const node = free[at] ?? 0;
    for (const to of next.get(node) ?? []) {
      level.set(to, Math.max(level.get(to) ?? 0, (level.get(node) ?? 0) + 1));
      const left = (waiting.get(to) ?? 1) - 1;
      waiting.set(to, left);
      if (left === 0) free.push(to);
    }
  }
  return level;
};

const levelsOfWaves = (
  nodes: readonly OrderNode[],
  { waves, line }: Extract<PlanGraph, { kind: 'waves' }>,
): { readonly level: ReadonlyMap<number, number>; readonly findings: readonly PlanFinding[] } => {
  const level = new Map<number, number>();
  const findings: PlanFinding[] = [];
  for (const [k, wave] of waves.entries()) {
    for (const node of wave.nodes) {
      const earlier = level.get(node);
      if (earlier === undefined) level.set(node, k);
      else if (earlier !== k) {
        const text = `${nodes[node]?.id ?? ''} stands in wave ${waves[earlier]?.name ?? ''} and in wave ${wave.name}; the first counts`;
        findings.push({ line, kind: 'graph', text });
      }
    }
  }
  return { level, findings };
};

export const levelsOf = (nodes: readonly OrderNode[], graph: PlanGraph): Levels => {
  const { level, findings } =
    graph.kind === 'waves' ? levelsOfWaves(nodes, graph) : { level: levelsOfEdges(graph), findings: [] };
  const governor: (number | null)[] = [];
  // A parent stands before its children in the list.
  for (const [i, { parent }] of nodes.entries()) {
    governor.push(level.has(i) ? i : parent === null ? null : (governor[parent] ?? null));
  }
  return { governor, level, findings };
};
