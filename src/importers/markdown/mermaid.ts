/** A flow chart: its nodes with what is written in them, and its edges. */
export interface FlowChart {
  readonly nodes: readonly { readonly name: string; readonly label: string | null; readonly line: number }[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly line: number }[];
  /** Lines that are neither. */
  readonly unread: readonly number[];
}

interface NumberedText {
  readonly number: number;
  readonly text: string;
}

/** Lines that say how it looks. */
const LOOKS = /^(?:%%|classDef\b|class\b|style\b|linkStyle\b|click\b|subgraph\b|end\b|direction\b|title\b|acc\w+\b|---)/;
const HEADER = /^(?:graph|flowchart)(?:[\s-]+(?:TD|TB|BT|RL|LR))?\b\s*;?/;

const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.]*(?:-[\p{L}\p{N}_.]+)*/u;
/** What encloses a label, and the end that belongs to it; longer ones first. */
const SHAPES = [['([', '])'], ['[[', ']]'], ['[(', ')]'], ['((', '))'], ['{{', '}}'], ['[/', '/]'], ['[', ']'], ['(', ')'], ['{', '}'], ['>', ']']] as const;
/** `-->`, `---`, `-.->`, `==>`, `-->|text|`, `-- text -->`, and arrows of plain text. */
const ARROW = /^(?:<?(?:--+>|--+[ox]?|-\.+->?|==+>?)(?:\|[^|]*\|)?|--\s[^>|\n]{1,80}?\s--+>|==\s[^>\n]{1,80}?\s==+>|->|→|=>)/;

/** Longer lines are no edges that a person drew. */
const LONGEST = 10_000;

/** `A & B --> C & D` is four; this many on one line no person means. */
const MAX_EDGES = 1000;

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    this.#take(/^[\s;]+/);
    return this.#at >= this.#text.length;
  }

  #take(pattern: RegExp): string | null {
    const match = pattern.exec(this.#text.slice(this.#at, this.#at + 200));
    if (match === null) return null;
    this.#at += match[0].length;
    return match[0];
  }

  arrow(): string | null {
    this.#take(/^\s+/);
    return this.#take(ARROW);
  }

  ampersand(): boolean {
    this.#take(/^\s+/);
    return this.#take(/^&/) !== null;
  }

  node(): { readonly name: string; readonly label: string | null } | null {
    this.#take(/^\s+/);
    const name = this.#take(NAME);
    if (name === null) return null;
    const shape = SHAPES.find(([open]) => this.#text.startsWith(open, this.#at));
    let label: string | null = null;
    if (shape !== undefined) {
      const [open, close] = shape;
      const start = this.#at + open.length;
      const quoted = this.#text.startsWith('"', start);
      const end = quoted ? this.#text.indexOf(`"${close}`, start + 1) : this.#text.indexOf(close, start);
      if (end < 0) return null;
      label = this.#text.slice(quoted ? start + 1 : start, end).replaceAll(/<br\s*\/?>/gi, ' ').trim();
      this.#at = end + close.length + (quoted ? 1 : 0);
    }
    this.#take(/^:::[\w-]+/);
    return { name, label };
  }
}

type Parts = { readonly nodes: FlowChart['nodes'][number][]; readonly edges: FlowChart['edges'][number][] };

/** `A --> B & C --> D`; whether the whole line was understood. */
const readLine = ({ number, text }: NumberedText, into: Parts): boolean => {
  const scanner = new Scanner(text);
  let before: readonly string[] = [];
  for (;;) {
    const group: string[] = [];
    do {
      const node = scanner.node();
      if (node === null) return false;
      into.nodes.push({ ...node, line: number });
      group.push(node.name);
    } while (scanner.ampersand());
    if (before.length * group.length > MAX_EDGES) return false;
    for (const from of before) for (const to of group) into.edges.push({ from, to, line: number });
    before = group;
    if (scanner.isAtEnd) return true;
    const arrow = scanner.arrow();
    if (arrow === null) return false;
  }
};

/** Reads a Mermaid flow chart line by line; what is not understood is left out and told. */
export const flowChartOf = (lines: readonly NumberedText[]): FlowChart => {
  const parts: Parts = { nodes: [], edges: [] };
  const unread: number[] = [];
  for (const { number, text } of lines) {
    const plain = text.trim().replace(HEADER, '').trim();
    if (plain === '' || LOOKS.test(plain)) continue;
    const kept: Parts = { nodes: [], edges: [] };
    if (text.length > LONGEST || !readLine({ number, text: plain }, kept)) unread.push(number);
    else {
      parts.nodes.push(...kept.nodes);
      parts.edges.push(...kept.edges);
    }
  }
  return { ...parts, unread };
};
