import { EVENT_ID, getScalarValue, SCALAR_STYLE, type Event, type ScalarEvent } from 'js-yaml';
import { LineTable } from './line-table.ts';
import type { YamlDocument } from './yaml-document.ts';

/** Keys and list positions that lead from the top of a document to a value. */
export type DocumentPath = readonly (string | number)[];

/** Where a value stands, and how it is written there. */
export interface Location {
  /** Counted from 1; where nothing is there, that of what should hold it. */
  readonly line: number | null;
  /** As in the text, quotes included, for scalars; else `a list`, `a mapping` or `nothing`. */
  readonly written: string;
  /** The spelling of a scalar without its quotes; `null` for anything else. */
  readonly spelling: string | null;
  readonly present: boolean;
}

/** What is looked for, as a tree of path segments, and what was found. */
interface Wish {
  readonly children: Map<string | number, Wish>;
  found: Location | null;
}

const newWish = (): Wish => ({ children: new Map(), found: null });

const at = (line: number | null, written: string, spelling: string | null = null): Location => ({
  line,
  written,
  spelling,
  present: true,
});

const offsetOf = (event: Event): number | null => {
  if ('valueStart' in event && event.valueStart >= 0) return event.valueStart;
  if ('start' in event) return event.start;
  if ('anchorStart' in event && event.anchorStart >= 0) return event.anchorStart;
  return null;
};

const isBlockScalar = (event: Event): boolean =>
  event.type === EVENT_ID.SCALAR &&
  (event.style === SCALAR_STYLE.LITERAL_BLOCK || event.style === SCALAR_STYLE.FOLDED_BLOCK);

const withQuotes = (event: ScalarEvent, spelling: string): string => {
  if (event.style === SCALAR_STYLE.SINGLE_QUOTED) return `'${spelling}'`;
  return event.style === SCALAR_STYLE.DOUBLE_QUOTED ? `"${spelling}"` : spelling;
};

/** Walks the parser's events once, and looks only into what was wished for. */
class Search {
  private readonly text: string;
  private readonly events: readonly Event[];
  private readonly lines: LineTable;
  private readonly anchors = new Map<string, number>();

  constructor(document: YamlDocument, lines: LineTable) {
    this.text = document.text;
    this.events = document.events;
    this.lines = lines;
  }

  /** Visits the node that begins at event `first`; returns the index of the event after it. */
  visit(first: number, wish: Wish, keyOffset: number | null): number {
    const event = this.events[first];
    if (event === undefined) return first;
    this.remember(event, first);
    wish.found = this.describe(event, keyOffset);
    if (event.type === EVENT_ID.SEQUENCE) return this.visitItems(first + 1, wish);
    if (event.type === EVENT_ID.MAPPING) return this.visitPairs(first + 1, wish);
    if (event.type === EVENT_ID.ALIAS) {
      const target = this.anchors.get(this.text.slice(event.anchorStart, event.anchorEnd));
      if (target !== undefined) this.visit(target, wish, keyOffset);
    }
    return first + 1;
  }

  private visitItems(first: number, wish: Wish): number {
    let next = first;
    for (let index = 0; !this.closesAt(next); index += 1) {
      next = this.visitOrSkip(next, wish.children.get(index), null);
    }
    return next + 1;
  }

  private visitPairs(first: number, wish: Wish): number {
    let next = first;
    while (!this.closesAt(next)) {
      const key = this.events[next];
      const value = this.skip(next);
      const name = key?.type === EVENT_ID.SCALAR ? getScalarValue(this.text, key) : null;
      const child = name === null ? undefined : wish.children.get(name);
      next = this.visitOrSkip(value, child, key === undefined ? null : offsetOf(key));
    }
    return next + 1;
  }

  private visitOrSkip(first: number, wish: Wish | undefined, keyOffset: number | null): number {
    return wish === undefined ? this.skip(first) : this.visit(first, wish, keyOffset);
  }

  private skip(first: number): number {
    let next = first;
    let open = 0;
    do {
      const event = this.events[next];
      if (event === undefined) return next;
      this.remember(event, next);
      if (event.type === EVENT_ID.POP) open -= 1;
      else if (event.type === EVENT_ID.SEQUENCE || event.type === EVENT_ID.MAPPING) open += 1;
      next += 1;
    } while (open > 0);
    return next;
  }

  private closesAt(index: number): boolean {
    const event = this.events[index];
    return event === undefined || event.type === EVENT_ID.POP;
  }

  private remember(event: Event, index: number): void {
    if (event.type === EVENT_ID.ALIAS || !('anchorStart' in event) || event.anchorStart < 0) return;
    this.anchors.set(this.text.slice(event.anchorStart, event.anchorEnd), index);
  }

  private describe(event: Event, keyOffset: number | null): Location {
    const own = offsetOf(event);
    // A block scalar begins below its key, and nothing at all begins nowhere: the key's line is meant.
    const offset = isBlockScalar(event) ? (keyOffset ?? own) : (own ?? keyOffset);
    const line = offset === null ? null : this.lines.lineAt(offset);
    if (event.type === EVENT_ID.SEQUENCE) return at(line, 'a list');
    if (event.type === EVENT_ID.MAPPING) return at(line, 'a mapping');
    if (event.type !== EVENT_ID.SCALAR || event.valueStart < 0) return at(line, 'nothing');
    const spelling = this.text.slice(event.valueStart, event.valueEnd);
    return at(line, withQuotes(event, spelling), spelling);
  }
}

/** The tree of the given paths, and the leaf of each. */
const wishesFor = (paths: readonly DocumentPath[]): { readonly root: Wish; readonly leaves: readonly Wish[] } => {
  const root = newWish();
  const leaves = paths.map((path) => {
    let wish = root;
    for (const segment of path) {
      const next = wish.children.get(segment) ?? newWish();
      wish.children.set(segment, next);
      wish = next;
    }
    return wish;
  });
  return { root, leaves };
};

/** Line of the nearest thing above a path that is there. */
const lineAbove = (root: Wish, path: DocumentPath): number | null => {
  let line = root.found?.line ?? null;
  let wish: Wish | undefined = root;
  for (const segment of path) {
    wish = wish.children.get(segment);
    if (wish?.found == null) break;
    line = wish.found.line ?? line;
  }
  return line;
};

/** Where the values at these paths stand, in the order asked for. One walk over the document. */
export const locateAll = (document: YamlDocument, paths: readonly DocumentPath[]): readonly Location[] => {
  const { root, leaves } = wishesFor(paths);
  // The first event opens the document itself.
  new Search(document, new LineTable(document.text)).visit(1, root, null);
  return leaves.map(
    (leaf, i) =>
      leaf.found ?? { line: lineAbove(root, paths[i] ?? []), written: 'nothing', spelling: null, present: false },
  );
};

/** A path as people write it: `tasks[3].env.PORT`. */
export const formatPath = (path: DocumentPath): string =>
  path.reduce<string>((text, segment) => {
    if (typeof segment === 'number') return `${text}[${segment}]`;
    if (!/^[\w@-]+$/.test(segment)) return `${text}[${JSON.stringify(segment)}]`;
    return text === '' ? segment : `${text}.${segment}`;
  }, '');
