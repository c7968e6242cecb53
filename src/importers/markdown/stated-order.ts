import { Frontier, Links } from './frontier.ts';
import { levelsOf, type Levels } from './graph-levels.ts';
import type { OrderNode, PlanGraph } from './order-node.ts';
import type { FindingKind, PlanFinding } from './plan.ts';

/** What decides where a node stands: the graph, its own `_Depends`, or the document. */
export type Place = 'graph' | 'stated' | 'document';

const FORWARD_TOLD = 100;

/** Everything that the plan says in so many words about who waits for whom. */
export class StatedOrder {
  readonly links: Links;
  readonly place: Place[];
  /** Ids of other sets, by node. */
  readonly foreign: string[][];
  readonly findings: PlanFinding[] = [];
  /** Whom the graph names, itself or through a parent. */
  readonly governor: readonly (number | null)[];
  readonly #nodes: readonly OrderNode[];
  readonly #levels: Levels | null;
  readonly #leaves: readonly number[];
  /** The highest level of a node and of anything below it; nothing of what the graph does not name. */
  readonly #highest = new Map<number, number>();
  #forward = 0;

  constructor(nodes: readonly OrderNode[], graph: PlanGraph | null) {
    this.#nodes = nodes;
    this.links = new Links(nodes.length);
    this.place = nodes.map(() => 'document');
    this.foreign = nodes.map(() => []);
    this.#levels = graph === null ? null : levelsOf(nodes, graph);
    this.governor = this.#levels?.governor ?? nodes.map(() => null);
    this.#leaves = [...nodes.keys()].filter((i) => nodes[i]?.children.length === 0);
    for (const [i, { children }] of nodes.entries()) this.links.waitForEach(i, children);
    for (const node of this.#levels?.level.keys() ?? []) this.place[node] = 'graph';
    this.findings.push(...(this.#levels?.findings ?? []));
    if (graph !== null) this.#highestLevels();
    if (graph?.kind === 'waves') this.#waves(graph);
    if (graph?.kind === 'edges') this.#edges(graph);
    this.#statements(graph !== null);
    if (graph !== null) this.#unnamed(graph.line);
  }

  /** How late the graph puts a node and all that is below it; `null` when it names none of it. */
  level(node: number): number | null {
    return this.#highest.get(node) ?? null;
  }

  #find(line: number, kind: FindingKind, text: string): void {
    this.findings.push({ line, kind, text });
  }

  #id(node: number): string {
    return this.#nodes[node]?.id ?? '';
  }

  /** Leaves by the named node that governs them. */
  #governed(): ReadonlyMap<number, readonly number[]> {
    const found = new Map<number, number[]>();
    for (const leaf of this.#leaves) {
      const governor = this.governor[leaf];
      if (governor == null) continue;
      const leaves = found.get(governor);
      if (leaves === undefined) found.set(governor, [leaf]);
      else leaves.push(leaf);
    }
    return found;
  }

  /** Nodes with a named one below them. */
  #aboveNamed(): ReadonlySet<number> {
    const above = new Set<number>();
    for (const node of this.#levels?.level.keys() ?? []) {
      let parent = this.#nodes[node]?.parent ?? null;
      while (parent !== null && !above.has(parent)) {
        above.add(parent);
        parent = this.#nodes[parent]?.parent ?? null;
      }
    }
    return above;
  }

  #waves(graph: Extract<PlanGraph, { kind: 'waves' }>): void {
    const governed = this.#governed();
    const above = this.#aboveNamed();
    const level = this.#levels?.level ?? new Map<number, number>();
    const frontiers = graph.waves.map((wave, k) => {
      const own = wave.nodes.filter((node) => level.get(node) === k);
      // A parent stands for the tasks below it, unless one of them has a wave of its own.
      return new Frontier([...new Set(own.flatMap((node) => (above.has(node) ? (governed.get(node) ?? []) : [node])))]);
    });
    let before: Frontier | null = null;
    for (const [k, wave] of graph.waves.entries()) {
      const ahead = wave.dependsOn.filter((other) => other >= k).flatMap((other) => frontiers[other] ?? []);
      for (const node of new Set(wave.nodes)) {
        if (level.get(node) !== k) continue;
        for (const leaf of governed.get(node) ?? []) {
          for (const frontier of before === null ? ahead : [before, ...ahead]) this.links.wait(leaf, frontier);
        }
      }
      for (const { node, on } of wave.stated) this.#waitWithin(node, on, graph.line);
      const own = frontiers[k];
      if (own !== undefined && own.nodes.length > 0) before = own;
    }
  }

  #edges(graph: Extract<PlanGraph, { kind: 'edges' }>): void {
    const governed = this.#governed();
    const into = new Map<number, number[]>();
    for (const [from, to] of graph.edges) {
      const others = into.get(to);
      if (others === undefined) into.set(to, [from]);
      else others.push(from);
    }
    const frontiers = new Map([...into].map(([to, others]) => [to, new Frontier([...new Set(others)])]));
    for (const [governor, leaves] of governed) {
      // What a parent waits for, the tasks below it wait for, also those that have edges of their own.
      const above: Frontier[] = [];
      for (let at: number | null = governor; at !== null; at = this.#nodes[at]?.parent ?? null) {
        const frontier = frontiers.get(at);
        if (frontier !== undefined) above.push(frontier);
      }
      for (const leaf of leaves) for (const frontier of above) this.links.wait(leaf, frontier);
    }
  }

  #highestLevels(): void {
    for (let i = this.#nodes.length - 1; i >= 0; i -= 1) {
      const node = this.#nodes[i];
      const governor = this.governor[i];
      const own = node?.children.length === 0 && governor != null ? this.#levels?.level.get(governor) : undefined;
      if (own !== undefined) this.#highest.set(i, own);
      const highest = this.#highest.get(i);
      const parent = node?.parent ?? null;
      if (highest === undefined || parent === null) continue;
      this.#highest.set(parent, Math.max(highest, this.#highest.get(parent) ?? 0));
    }
  }

  /** Those that a task of the graph may wait for without contradicting it. */
  #withinGraph(node: number, on: readonly number[]): readonly number[] {
    const level = this.#highest.get(node);
    return level === undefined ? on : on.filter((other) => (this.#highest.get(other) ?? level) <= level);
  }

  #waitWithin(node: number, on: readonly number[], line: number): void {
    const fitting = this.#withinGraph(node, on);
    this.links.waitForEach(node, fitting);
    const dropped = on.filter((other) => !fitting.includes(other));
    if (dropped.length === 0) return;
    const ids = dropped.map((other) => this.#id(other)).join(', ');
    this.#find(line, 'graph', `${this.#id(node)} says that it depends on ${ids}, which the graph puts after it; the graph counts`);
  }

  #isBelow(node: number, above: number): boolean {
    let parent = this.#nodes[node]?.parent ?? null;
    while (parent !== null && parent !== above) parent = this.#nodes[parent]?.parent ?? null;
    return parent === above;
  }

  #statements(hasGraph: boolean): void {
    const from: (number | null)[] = [];
    const inherited = new Map<number, Frontier>();
    for (const [i, node] of this.#nodes.entries()) {
      from.push(node.stated === null ? (node.parent === null ? null : (from[node.parent] ?? null)) : i);
      if (node.stated !== null) this.#statement(i, node.stated, inherited, hasGraph);
      const source = from[i] ?? null;
      if (node.children.length > 0 || source === null) continue;
      const stated = this.#nodes[source]?.stated;
      this.foreign[i]?.push(...(stated?.foreign ?? []));
      const frontier = inherited.get(source);
      if (source === i && stated != null) this.#waitWithin(i, stated.nodes, stated.line);
      else if (frontier !== undefined && this.#withinGraph(i, frontier.nodes).length === frontier.nodes.length) {
        this.links.wait(i, frontier);
      } else if (frontier !== undefined) this.links.waitForEach(i, this.#withinGraph(i, frontier.nodes));
    }
  }

  #statement(i: number, stated: NonNullable<OrderNode['stated']>, inherited: Map<number, Frontier>, hasGraph: boolean): void {
    if (this.place[i] === 'document' && stated.unknown.length === 0) this.place[i] = 'stated';
    if ((this.#nodes[i]?.children.length ?? 0) > 0) {
      inherited.set(i, new Frontier(stated.nodes.filter((other) => !this.#isBelow(other, i))));
    }
    const ahead = hasGraph ? undefined : stated.nodes.find((other) => other > i && !this.#isBelow(other, i));
    if (ahead === undefined || this.#forward >= FORWARD_TOLD) return;
    this.#forward += 1;
    this.#find(stated.line, 'order', `${this.#id(i)} waits for ${this.#id(ahead)}, which stands below it in the document`);
  }

  #unnamed(line: number): void {
    for (const leaf of this.#leaves) {
      const node = this.#nodes[leaf];
      if (node === undefined || node.isDone || this.governor[leaf] !== null) continue;
      const kept = this.place[leaf] === 'stated' ? 'what it says itself counts' : 'it keeps its place in the document';
      const place = node.isCheckpoint ? 'it comes after what stands before it' : kept;
      this.#find(node.line, 'not-in-graph', `the dependency graph of line ${line} does not name ${node.id}; ${place}`);
    }
  }
}
