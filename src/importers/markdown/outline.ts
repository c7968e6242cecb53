import type { Blocks } from './blocks.ts';
import { boxOf, type WrittenBox } from './box.ts';
import type { Details } from './details.ts';
import { groupHeadings, itemsOf, tasksSections, type Heading, type Item } from './items.ts';
import { MAX_DEPTH, outlineNode, type OutlineNode } from './outline-node.ts';
import { quote, type FindingKind, type PlanFinding } from './plan.ts';

/** Every box that counts, in the order of the document, with what it stands below. */
export interface Outline {
  readonly nodes: readonly OutlineNode[];
  readonly findings: readonly PlanFinding[];
}

/** From here on white space makes a line code, unless it is part of a list. */
const CODE_INDENT = 4;
/** A child stands at least so many columns to the right of its parent. */
const CHILD_INDENT = 2;

class OutlineReader {
  readonly nodes: OutlineNode[] = [];
  readonly findings: PlanFinding[] = [];
  readonly #byNumber = new Map<string, OutlineNode>();
  readonly #groups: ReadonlySet<Heading>;
  /** List items that are open, outermost first; bullets without a box have no node. */
  #open: { readonly indent: number; readonly node: OutlineNode | null }[] = [];
  #headings: { readonly heading: Heading; readonly node: OutlineNode | null }[] = [];
  #details: { readonly of: Details; readonly indent: number } | null = null;
  #afterBlank = false;
  #inFence = false;

  constructor(groups: ReadonlySet<Heading>) {
    this.#groups = groups;
  }

  find(line: number, kind: FindingKind, text: string): void {
    this.findings.push({ line, kind, text });
  }

  read(item: Item, counts: boolean): void {
    const { line } = item;
    if (item.kind === 'heading') this.#heading(item.line.number, item.heading);
    else if (item.kind === 'box') this.#box(item.box, counts);
    else if (item.kind === 'opaque') this.#opaque(item);
    else if (item.kind === 'blank') this.#details?.of.add(line, false);
    else {
      if (item.kind === 'nearly' && counts) {
        const text = `${quote(line.text.trim())} is no box that is known; expected "[ ]", "[x]", "[-]" or "[~]" after "- "`;
        this.find(line.number, 'malformed-box', text);
      }
      this.#plain(item);
    }
    this.#afterBlank = item.kind === 'blank';
    if (item.kind !== 'opaque') this.#inFence = false;
  }

  #heading(line: number, heading: Heading): void {
    while ((this.#headings.at(-1)?.heading.level ?? 0) >= heading.level) this.#headings.pop();
    this.#open = [];
    this.#details = null;
    let node: OutlineNode | null = null;
    if (heading.number !== null && this.#groups.has(heading)) {
      const { id, title } = heading.number;
      const parent = this.#parentByNumber(id) ?? this.#headingNode();
      const headings = this.#headingTitles();
      node = outlineNode({ box: null, line, title, written: id, isLocal: false, parent, headings, indent: -CHILD_INDENT });
      this.#byNumber.set(id, node);
      this.nodes.push(node);
      this.#details = { of: node.details, indent: -1 };
    }
    this.#headings.push({ heading, node });
  }

  #headingNode(): OutlineNode | null {
    return this.#headings.findLast(({ node }) => node !== null)?.node ?? null;
  }

  #headingTitles(): readonly string[] {
    return this.#headings.filter(({ heading }) => heading.level > 1 && !heading.isTasks).map(({ heading }) => heading.title);
  }

  /** The box or heading whose number is the longest beginning of this one. */
  #parentByNumber(number: string): OutlineNode | null {
    for (let dot = number.lastIndexOf('.'); dot > 0; dot = number.lastIndexOf('.', dot - 1)) {
      const parent = this.#byNumber.get(number.slice(0, dot));
      if (parent !== undefined) return parent;
    }
    return null;
  }

  #closeTo(indent: number): void {
    while (this.#open.length > 0 && (this.#open.at(-1)?.indent ?? 0) + CHILD_INDENT > indent) this.#open.pop();
  }

  #plain(item: Item): void {
    const { line } = item;
    const isBullet = item.kind === 'bullet' || item.kind === 'nearly';
    const current = this.#details;
    const belongs =
      current !== null && item.kind !== 'rule' && (line.indent > current.indent || (!isBullet && !this.#afterBlank));
    if (belongs) current.of.add(line, true);
    else this.#details = null;
    if (!isBullet) return;
    this.#closeTo(line.indent);
    this.#open.push({ indent: line.indent, node: null });
  }

  #opaque(item: Extract<Item, { kind: 'opaque' }>): void {
    const current = this.#details;
    if (item.of !== 'code' && item.of !== 'quotation') return;
    if (!this.#inFence && current !== null && item.line.indent <= current.indent) this.#details = null;
    else current?.of.add(item.line, false);
    this.#inFence = item.of === 'code';
  }

  #box(box: WrittenBox, counts: boolean): void {
    const { line } = box;
    if (!counts) {
      const text = `${quote(box.title || (box.id ?? ''))} stands outside of the section of tasks; it is not one`;
      this.find(line.number, 'box-outside', text);
      return;
    }
    // The outermost one has the least indentation.
    const isCode = line.indent >= CODE_INDENT && (this.#open[0]?.indent ?? line.indent) >= line.indent;
    this.#closeTo(line.indent);
    if (isCode) {
      const text = `${quote(box.title)} is indented by ${line.indent} columns, which makes it code; indent it by less than 4`;
      this.find(line.number, 'box-in-code', text);
      return;
    }
    if (box.title === '' && box.id === null) {
      this.find(line.number, 'empty-box', 'a box without a title is no task; write one after it');
      return;
    }
    const node = this.#nodeOf(box);
    this.nodes.push(node);
    this.#open.push({ indent: line.indent, node });
    this.#details = { of: node.details, indent: line.indent };
  }

  #nodeOf(box: WrittenBox): OutlineNode {
    const { id } = box;
    const line = box.line.number;
    const above = this.#open.findLast(({ node }) => node !== null)?.node ?? null;
    const numbered = id === null ? null : this.#parentByNumber(id);
    let parent = numbered ?? above ?? this.#headingNode();
    const isLocal = id !== null && numbered === null && !id.includes('.') && above !== null;
    if (numbered !== null && above !== null && numbered !== above && above.written !== null) {
      this.find(line, 'number', `${id ?? ''} stands below ${above.written}, but its number says ${numbered.written ?? ''}; the number counts`);
    } else if (id !== null && numbered === null && id.includes('.') && above?.written != null) {
      this.find(line, 'number', `${id} stands below ${above.written}; it belongs there, whatever its number says`);
    }
    if (parent !== null && parent.depth >= MAX_DEPTH) {
      this.find(line, 'depth', `stands deeper than ${MAX_DEPTH} levels; taken as one of level ${MAX_DEPTH}`);
      while (parent !== null && parent.depth >= MAX_DEPTH) parent = parent.parent;
    }
    const title = box.title || (id ?? '');
    const headings = this.#headingTitles();
    const node = outlineNode({ box, line, title, written: id, isLocal, parent, headings, indent: box.line.indent });
    if (id !== null && !isLocal) this.#byNumber.set(id, node);
    return node;
  }
}

/** What code fences and comments without an end swallow is told box by box. */
const swallowed = (items: readonly Item[], { unclosed }: Blocks): readonly PlanFinding[] => {
  if (unclosed === null) return [];
  const lost = items.filter((item) => item.kind === 'opaque' && item.line.number > unclosed.line && boxOf(item.line, null) !== null);
  if (lost.length === 0) return [];
  const { what, line } = unclosed;
  return [
    { line, kind: 'unclosed-block', text: `this ${what} never ends, and has ${lost.length} boxes in it; end it` },
    ...lost.map((item): PlanFinding => ({
      line: item.line.number,
      kind: 'box-in-code',
      text: `a box inside the ${what} of line ${line} that never ends; it is no task`,
    })),
  ];
};

/** Reads which boxes there are, and which is below which: by their numbers, else by their indentation. */
export const outlineOf = (blocks: Blocks): Outline => {
  const items = itemsOf(blocks.blocks);
  const sections = tasksSections(items);
  const counts = (index: number): boolean => sections === null || sections[index] === true;
  const reader = new OutlineReader(groupHeadings(items, counts));
  for (const [i, item] of items.entries()) reader.read(item, counts(i));
  return { nodes: reader.nodes, findings: [...swallowed(items, blocks), ...reader.findings] };
};
