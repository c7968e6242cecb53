import { err, ok, type Result } from '../../domain/result.ts';
import type { Annotation } from './annotation.ts';
import { blocksOf } from './blocks.ts';
import { DocumentOrder } from './document-order.ts';
import { planGraphOf } from './graph-block.ts';
import { graphSources } from './graph-sources.ts';
import { linesOf } from './lines.ts';
import { namesOf, type Names } from './named-node.ts';
import type { OrderNode } from './order-node.ts';
import type { OutlineNode } from './outline-node.ts';
import { outlineOf } from './outline.ts';
import { quote, type MarkdownPlan, type PlanBox, type PlanFinding, type PlanRefusal, type PlanTask } from './plan.ts';
import { referencesIn, type Directory, type Referred } from './references.ts';
import { StatedOrder } from './stated-order.ts';
import { tooLong } from './too-long.ts';
import { isCheckpointTitle } from './words.ts';

export interface MarkdownPlanOptions {
  /** No task waits for another only because it stands below it. */
  readonly parallel?: boolean;
}

/** What a few lines with ranges could stand for. */
const MAX_STATED = 2_000_000;

const NO_BOX = 'has no box; expected lines such as "- [ ] 1. Do this"; write the tasks as boxes';

/** Longer ranges no person writes. */
const LONGEST_RANGE = 200;

const directoryOf = (nodes: readonly OutlineNode[], ids: readonly string[]): Directory => {
  const place = new Map(nodes.map((node, i) => [node, i]));
  const roots = nodes.filter(({ parent }) => parent === null);
  const rank = new Map([roots, ...nodes.map(({ children }) => children)].flatMap((all) => all.map((node, k) => [node, k])));
  const byId = new Map<string, number>();
  // A number that is written twice means the first that carries it.
  for (const [i, { written }] of nodes.entries()) if (written !== null && !byId.has(written)) byId.set(written, i);
  for (const [i, id] of ids.entries()) byId.set(id, i);
  const range = (from: number, to: number): readonly number[] | null => {
    const [a, b] = [nodes[from], nodes[to]];
    if (a === undefined || b === undefined || a.parent !== b.parent) return null;
    const [first = 0, last = 0] = [rank.get(a), rank.get(b)];
    if (last < first || last - first >= LONGEST_RANGE) return null;
    return (a.parent?.children ?? roots).slice(first, last + 1).flatMap((node) => place.get(node) ?? []);
  };
  return { byId, range };
};

/** What the lines `_Depends: …_` of one task say together; `null` when there is none. */
const statedOf = (
  annotations: readonly Annotation[],
  directory: Directory,
  find: (finding: PlanFinding) => void,
): OrderNode['stated'] => {
  const all: (Referred & { readonly line: number })[] = [];
  for (const { kind, text, line, word, emphasis } of annotations) {
    if (kind !== 'depends') continue;
    const referred = referencesIn(text, directory);
    const names = referred.unknown.slice(0, 5).map((name) => quote(name)).join(', ');
    if (emphasis === 'bold' && (referred.unknown.length > 0 || referred.foreign.length > 0)) {
      find({ line, kind: 'dependency', text: `${quote(word)} in bold names ${names || 'no task'}; taken as text, not as dependencies` });
      continue;
    }
    if (referred.unknown.length > 0) {
      const message = `no task is called ${names}; it is left out, and the task keeps its place in the document`;
      find({ line, kind: 'unknown-reference', text: message });
    }
    all.push({ ...referred, line });
  }
  const [first] = all;
  if (first === undefined) return null;
  return {
    line: first.line,
    nodes: [...new Set(all.flatMap(({ nodes }) => nodes))],
    foreign: [...new Set(all.flatMap(({ foreign }) => foreign))],
    unknown: all.flatMap(({ unknown }) => unknown),
  };
};

/** A parent that is ticked while something below it is not, and the like. */
const markFindings = (nodes: readonly OutlineNode[], ids: readonly string[]): readonly PlanFinding[] => {
  const open = new Map<OutlineNode, string>();
  const findings: PlanFinding[] = [];
  for (let i = nodes.length - 1; i >= 0; i -= 1) {
    const node = nodes[i];
    if (node === undefined) continue;
    const { box, parent, line } = node;
    const openBelow = open.get(node);
    if (box?.mark === 'done' && openBelow !== undefined) {
      findings.push({ line, kind: 'done', text: `${ids[i] ?? ''} is ticked, but ${openBelow} below it is not; that will run` });
    }
    if (box !== null && box.mark !== 'done' && node.children.length === 0) open.set(node, ids[i] ?? '');
    const here = open.get(node);
    if (parent !== null && here !== undefined) open.set(parent, here);
    if (node.children.length > 0 || (box?.mark !== 'begun' && box?.mark !== 'queued')) continue;
    const how = box.mark === 'begun' ? 'in progress' : 'queued';
    findings.push({ line, kind: 'in-progress', text: `${ids[i] ?? ''} is marked as ${how}; it will run like one that nobody has begun` });
  }
  return findings;
};

/** Ticked tasks; a parent only when everything below it is ticked, too. */
const doneOf = (nodes: readonly OutlineNode[], ids: readonly string[]): readonly string[] => {
  const isOpen = new Set<OutlineNode>();
  for (let i = nodes.length - 1; i >= 0; i -= 1) {
    const node = nodes[i];
    if (node === undefined) continue;
    if (node.children.length === 0 && node.box?.mark !== 'done') isOpen.add(node);
    if (isOpen.has(node) && node.parent !== null) isOpen.add(node.parent);
  }
  return ids.filter((_, i) => {
    const node = nodes[i];
    return node?.box?.mark === 'done' && !isOpen.has(node);
  });
};

const metadataOf = (node: OutlineNode, parent: string | null): Readonly<Record<string, unknown>> => {
  const { requirements, references } = node.details;
  return {
    ...(requirements.length > 0 ? { requirements } : {}),
    ...(Object.keys(references).length > 0 ? { references } : {}),
    ...(node.headings.length > 0 ? { headings: node.headings } : {}),
    ...(parent === null ? {} : { parent }),
  };
};

const TOO_MANY: PlanRefusal = {
  line: null,
  message: 'states more than 2,000,000 dependencies; expected fewer; let parents stand for the tasks below them',
};

interface Ordered {
  readonly dependencies: readonly (readonly string[])[];
  /** Parents that no box stands for: see `Links`. */
  readonly joints: readonly PlanTask[];
  readonly findings: readonly PlanFinding[];
  readonly order: readonly OrderNode[];
}

const orderOf = (
  nodes: readonly OutlineNode[],
  { ids, identities }: Names,
  blocks: Parameters<typeof graphSources>[0],
  isFree: boolean,
): Ordered | PlanRefusal => {
  const directory = directoryOf(nodes, ids);
  const place = new Map(nodes.map((node, i) => [node, i]));
  const findings: PlanFinding[] = [];
  const order = nodes.map((node, i): OrderNode => ({
    id: ids[i] ?? '',
    line: node.line,
    parent: node.parent === null ? null : (place.get(node.parent) ?? null),
    children: node.children.flatMap((child) => place.get(child) ?? []),
    isCheckpoint: node.children.length === 0 && isCheckpointTitle(node.title),
    isParallel: node.box?.parallel ?? false,
    isDone: node.box?.mark === 'done',
    stated: statedOf(node.details.annotations, directory, (finding) => findings.push(finding)),
  }));
  if (order.reduce((sum, { stated }) => sum + (stated?.nodes.length ?? 0), 0) > MAX_STATED) return TOO_MANY;
  const { graph, findings: ofGraph } = planGraphOf(graphSources(blocks), { nodes: order, titles: nodes.map(({ title }) => title), directory });
  const stated = new StatedOrder(order, graph);
  const document = new DocumentOrder(order, stated, isFree, graph !== null);
  const names = [...ids, ...document.joints.map((_, k) => identities.take(`joint-${k + 1}`))];
  const written = stated.links.dependencies.map((own, i) => [
    ...[...new Set(own)].flatMap((other) => names[other] ?? []),
    ...(stated.foreign[i] ?? []),
  ]);
  const joints = document.joints.map((members, k): PlanTask => ({
    id: names[ids.length + k] ?? '',
    title: `${members.length} tasks that others wait for`,
    description: '',
    dependencies: written[ids.length + k] ?? [],
    optional: false,
    group: true,
    metadata: {},
    line: order[members[0] ?? 0]?.line ?? 1,
  }));
  return { dependencies: written, joints, findings: [...findings, ...ofGraph, ...stated.findings], order };
};

const boxesOf = (nodes: readonly OutlineNode[], ids: readonly string[]): readonly PlanBox[] =>
  nodes.flatMap(({ box, title, written, line, parent }, i): readonly PlanBox[] => {
    const below = parent === null ? '' : `${parent.written ?? ''} ${parent.title}`;
    return box === null ? [] : [{ id: ids[i] ?? '', written, title, mark: box.mark, line, column: box.column, below }];
  });

/** Only the boxes: what is needed to find them again in a text that somebody has edited. */
export const readBoxes = (text: string): readonly PlanBox[] => {
  if (tooLong(text) !== null) return [];
  const { nodes } = outlineOf(blocksOf(linesOf(text)));
  return boxesOf(nodes, namesOf(nodes).ids);
};

/**
 * Reads a Markdown check list as a plan. Never throws over what it reads, whatever that is, and takes
 * time in proportion to its length. Every box is a task or has a finding.
 *
 * @param text without a byte order mark
 */
export const readMarkdownPlan = (text: string, options: MarkdownPlanOptions = {}): Result<MarkdownPlan, PlanRefusal> => {
  const refusal = tooLong(text);
  if (refusal !== null) return err(refusal);
  const blocks = blocksOf(linesOf(text));
  const outline = outlineOf(blocks);
  const { nodes } = outline;
  if (!nodes.some(({ box }) => box !== null)) {
    const [first] = outline.findings;
    if (first === undefined) return err({ line: null, message: NO_BOX });
    return err({ line: first.line, message: `has no box that counts: ${first.text}` });
  }
  const names = namesOf(nodes);
  const { ids } = names;
  const ordered = orderOf(nodes, names, blocks, options.parallel ?? false);
  if ('message' in ordered) return err(ordered);
  const tasks = nodes.map((node, i): PlanTask => {
    const parent = ordered.order[i]?.parent ?? null;
    return {
      id: ids[i] ?? '',
      title: node.title,
      description: node.details.description,
      dependencies: ordered.dependencies[i] ?? [],
      optional: node.box?.optional ?? false,
      group: node.children.length > 0,
      metadata: metadataOf(node, parent === null ? null : (ids[parent] ?? null)),
      line: node.line,
    };
  });
  const findings = [...outline.findings, ...names.findings, ...ordered.findings, ...markFindings(nodes, ids)];
  return ok({
    tasks: [...tasks, ...ordered.joints],
    done: doneOf(nodes, ids),
    findings: findings.toSorted((a, b) => a.line - b.line),
    boxes: boxesOf(nodes, ids),
  });
};
