import { takeNumber } from './box-text.ts';
import type { GraphSource } from './graph-sources.ts';
import { slugOf } from './identity.ts';
import { flowChartOf, type FlowChart } from './mermaid.ts';
import type { OrderNode, PlanGraph, Wave } from './order-node.ts';
import { quote, type FindingKind, type PlanFinding } from './plan.ts';
import { referenceTo, type Directory } from './references.ts';
import { wavesOf, type WrittenWave } from './waves.ts';

/** What the graph is read against. */
export interface GraphContext {
  readonly nodes: readonly OrderNode[];
  readonly titles: readonly string[];
  readonly directory: Directory;
}

const isJson = ({ language, content }: GraphSource): boolean =>
  language.startsWith('json') || (language !== 'mermaid' && /^\s*[{[]/.test(content.find(({ text }) => text.trim() !== '')?.text ?? ''));

class GraphReader {
  readonly findings: PlanFinding[] = [];
  readonly #context: GraphContext;
  readonly #unknown = new Set<string>();

  constructor(context: GraphContext) {
    this.#context = context;
  }

  find(line: number, kind: FindingKind, text: string): void {
    this.findings.push({ line, kind, text });
  }

  #unknownName(line: number, name: string): void {
    if (this.#unknown.has(name)) return;
    this.#unknown.add(name);
    this.find(line, 'unknown-reference', `the dependency graph names ${quote(name)}, which is no task; it is left out`);
  }

  /** The line on which each text of the JSON stands first. */
  #linesOf(source: GraphSource): ReadonlyMap<string, number> {
    const lines = new Map<string, number>();
    for (const { number, text } of source.content) {
      for (const [token] of text.matchAll(/"[^"]*"|[\d.]+/g)) {
        const bare = token.replaceAll('"', '');
        if (!lines.has(bare)) lines.set(bare, number);
      }
    }
    return lines;
  }

  waves(source: GraphSource): PlanGraph | null {
    const written = wavesOf(source.content.map(({ text }) => text).join('\n'));
    if (typeof written === 'string') {
      this.find(source.line, 'graph', `the dependency graph ${written}; it is left out`);
      return null;
    }
    const lines = this.#linesOf(source);
    const look = (name: string): number[] => {
      const node = referenceTo(name, this.#context.directory);
      if (node === null) this.#unknownName(lines.get(name) ?? source.line, name);
      return node === null ? [] : [node];
    };
    const places = new Map(written.map(({ name }, k) => [name, k]));
    const waves = written.map((wave, k): Wave => ({
      name: wave.name,
      nodes: wave.tasks.flatMap(({ id }) => look(id)),
      dependsOn: this.#dependsOn(wave, k, places, source.line),
      stated: wave.tasks.flatMap(({ id, dependsOn }) =>
        dependsOn.length === 0 ? [] : look(id).map((node) => ({ node, on: dependsOn.flatMap(look) })),
      ),
    }));
    if (waves.every(({ nodes }) => nodes.length === 0)) {
      this.find(source.line, 'graph', 'the dependency graph names no task of this plan; it is left out');
      return null;
    }
    return { kind: 'waves', line: source.line, waves };
  }

  #dependsOn({ name, dependsOn }: WrittenWave, k: number, places: ReadonlyMap<string, number>, line: number): readonly number[] {
    if (dependsOn === null) return [];
    const found = dependsOn.flatMap((other) => places.get(other) ?? []);
    if (found.length > 0 && !found.includes(k - 1) && found.every((other) => other < k)) {
      this.find(line, 'graph', `wave ${quote(name)} depends on ${dependsOn.join(', ')} only; waves run in order, so that it waits for all before it`);
    }
    return found;
  }

  #nodeOf({ name, label }: FlowChart['nodes'][number], byTitle: ReadonlyMap<string, number>): number | null {
    const { directory } = this.#context;
    const number = label === null ? null : (takeNumber(label, null)?.id ?? /^\d+(?=\s|$)/.exec(label)?.[0] ?? null);
    const dotted = /^(?:task|t)?[_-]?(\d+(?:[._-]\d+)*[a-h]?)$/i.exec(name)?.[1]?.replaceAll(/[_-]/g, '.');
    const wished = [number, number?.replace(/^T/, ''), label, name, dotted, dotted?.replace(/^(\d)(\d+)$/, '$1.$2')];
    for (const each of wished) {
      const found = each == null ? null : referenceTo(each, directory);
      if (found !== null) return found;
    }
    return byTitle.get(slugOf(label ?? name)) ?? null;
  }

  #isAbove(node: number, other: number): boolean {
    let parent = this.#context.nodes[other]?.parent ?? null;
    while (parent !== null && parent !== node) parent = this.#context.nodes[parent]?.parent ?? null;
    return parent === node;
  }

  /** A node without an edge says nothing of its own where its parent is there, too. */
  #named(found: ReadonlySet<number>, edges: readonly (readonly [number, number])[]): readonly number[] {
    const joined = new Set(edges.flat());
    const isBelowOne = (node: number): boolean => {
      let parent = this.#context.nodes[node]?.parent ?? null;
      while (parent !== null && !found.has(parent)) parent = this.#context.nodes[parent]?.parent ?? null;
      return parent !== null;
    };
    return [...found].filter((node) => joined.has(node) || !isBelowOne(node));
  }

  flowChart(source: GraphSource): PlanGraph | null {
    const chart = flowChartOf(source.content);
    const byTitle = new Map(this.#context.titles.map((title, i) => [slugOf(title), i]));
    const found = new Map<string, number>();
    const lines = new Map<string, number>();
    for (const node of chart.nodes) {
      if (!lines.has(node.name)) lines.set(node.name, node.line);
      const place = found.has(node.name) && node.label === null ? null : this.#nodeOf(node, byTitle);
      if (place !== null) found.set(node.name, place);
    }
    if (found.size === 0) {
      this.find(source.line, 'graph', 'the dependency graph is neither JSON with waves nor a Mermaid chart of tasks; it is left out');
      return null;
    }
    for (const line of chart.unread) this.find(line, 'graph', 'this line of the dependency graph is not understood; it is left out');
    for (const [name, line] of lines) if (!found.has(name)) this.#unknownName(line, name);
    const edges: [number, number][] = [];
    for (const { from, to, line } of chart.edges) {
      const a = found.get(from);
      const b = found.get(to);
      if (a === undefined || b === undefined) continue;
      if (this.#isAbove(a, b) || this.#isAbove(b, a)) {
        this.find(line, 'graph', `${from} → ${to} joins a parent and a task below it, which says nothing about the order; it is left out`);
      } else edges.push([a, b]);
    }
    return { kind: 'edges', line: source.line, named: this.#named(new Set(found.values()), edges), edges };
  }
}

/** Reads the first source that can be read, JSON before Mermaid. */
export const planGraphOf = (
  sources: readonly GraphSource[],
  context: GraphContext,
): { readonly graph: PlanGraph | null; readonly findings: readonly PlanFinding[] } => {
  const reader = new GraphReader(context);
  let graph: PlanGraph | null = null;
  for (const source of [...sources.filter(isJson), ...sources.filter((each) => !isJson(each))]) {
    if (graph === null) graph = isJson(source) ? reader.waves(source) : reader.flowChart(source);
    else reader.find(source.line, 'graph', `a second dependency graph; that of line ${graph.line} counts`);
  }
  return { graph, findings: reader.findings };
};
