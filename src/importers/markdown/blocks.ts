import type { Line } from './lines.ts';

/**
 * What a line is, as far as boxes are concerned. `text` may hold one.
 *
 * Read line by line and not by a CommonMark parser: plans are not clean Markdown. `[-]`, `[~]` and
 * `[ ]*` are no task list items of GFM, children stand flush or are indented by too little or too much
 * for CommonMark, and what a parser then hands back is a paragraph or a code block, without the line's
 * own spelling. What CommonMark says about code, comments and quotations holds here, too.
 */
export type Block =
  | { readonly kind: 'text'; readonly line: Line }
  | { readonly kind: 'heading'; readonly line: Line; readonly level: number; readonly title: string }
  /** Inside or around code, a comment, front matter, or a quotation. */
  | { readonly kind: 'opaque'; readonly line: Line; readonly of: 'code' | 'comment' | 'matter' | 'quotation' };

/** A fenced block of code. */
export interface Fence {
  /** Of its opening line. */
  readonly line: number;
  readonly language: string;
  readonly content: readonly Line[];
}

export interface Blocks {
  readonly blocks: readonly Block[];
  readonly fences: readonly Fence[];
  /** Where a fence or comment begins that never ends; everything after it is inside. */
  readonly unclosed: { readonly line: number; readonly what: 'code fence' | 'comment' } | null;
}

const FENCE = /^\s*(?:[-*+][ \t]+)?(`{3,}(?=[^`]*$)|~{3,})\s*([^\s`{]*)/;
const ATX = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/s;
const SETEXT = /^ {0,3}(=+|-+)[ \t]*$/;
const QUOTATION = /^[ \t]*>/;
const COMMENT = /^[ \t]*<!--/;

const headingTitle = (text: string): string => {
  const trimmed = text.trim();
  const hashes = /^#+$|[ \t]#+$/.exec(trimmed.slice(-200));
  return hashes === null ? trimmed : trimmed.slice(0, trimmed.length - hashes[0].length).trimEnd();
};

/** A line of plain text that a line of `===` or `---` below it makes a heading. */
const isParagraph = ({ text, indent, isBlank }: Line): boolean =>
  !isBlank && indent < 4 && !/^[ \t]*(?:[-*+>#|]|\d{1,9}[.)]|_[^_]*[:：]|`{3}|~{3}|<!--)/.test(text);

class BlockReader {
  readonly blocks: Block[] = [];
  readonly fences: Fence[] = [];
  unclosed: Blocks['unclosed'] = null;
  readonly #lines: readonly Line[];
  #at = 0;

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  read(): void {
    this.#frontMatter();
    for (let line = this.#lines[this.#at]; line !== undefined; line = this.#lines[this.#at]) this.#next(line);
  }

  #next(line: Line): void {
    const fence = FENCE.exec(line.text);
    const atx = ATX.exec(line.text);
    if (QUOTATION.test(line.text)) this.#opaque(1, 'quotation');
    else if (fence?.[1] !== undefined) this.#fence(line, fence[1], fence[2] ?? '');
    else if (COMMENT.test(line.text)) this.#comment(line);
    else if (atx?.[1] !== undefined) this.#heading(line, atx[1].length, headingTitle(atx[2] ?? ''), 1);
    else if (!this.#setext(line)) this.#push({ kind: 'text', line });
  }

  #push(block: Block): void {
    this.blocks.push(block);
    this.#at += 1;
  }

  #opaque(count: number, of: 'code' | 'comment' | 'matter' | 'quotation'): void {
    for (const line of this.#lines.slice(this.#at, this.#at + count)) this.#push({ kind: 'opaque', line, of });
  }

  #heading(line: Line, level: number, title: string, lines: number): void {
    this.#push({ kind: 'heading', line, level, title });
    this.#opaque(lines - 1, 'matter');
  }

  #setext(line: Line): boolean {
    const below = this.#lines[this.#at + 1];
    const before = this.#lines[this.#at - 1];
    const mark = below === undefined ? null : SETEXT.exec(below.text);
    if (mark?.[1] === undefined || !isParagraph(line) || (before !== undefined && !before.isBlank)) return false;
    this.#heading(line, mark[1].startsWith('=') ? 1 : 2, line.text.trim(), 2);
    return true;
  }

  #fence(line: Line, mark: string, language: string): void {
    const closing = new RegExp(`^\\s*${mark[0] === '~' ? '~' : '`'}{${mark.length},}\\s*$`);
    let end = this.#at + 1;
    while (end < this.#lines.length && !closing.test(this.#lines[end]?.text ?? '')) end += 1;
    if (end >= this.#lines.length) this.unclosed ??= { line: line.number, what: 'code fence' };
    const content = this.#lines.slice(this.#at + 1, end);
    this.fences.push({ line: line.number, language: language.toLowerCase(), content });
    this.#opaque(end + 1 - this.#at, 'code');
  }

  #comment(line: Line): void {
    let end = this.#at;
    while (end < this.#lines.length && !(this.#lines[end]?.text ?? '').includes('-->')) end += 1;
    if (end >= this.#lines.length) this.unclosed ??= { line: line.number, what: 'comment' };
    this.#opaque(end + 1 - this.#at, 'comment');
  }

  #frontMatter(): void {
    if (this.#lines[0]?.text.trimEnd() !== '---') return;
    const end = this.#lines.findIndex(({ text }, i) => i > 0 && /^(?:---|\.\.\.)\s*$/.test(text));
    // Front matter begins with a key; a rule at the top of a document does not.
    if (end > 1 && /^[\w"'-]+\s*:/.test(this.#lines[1]?.text ?? '')) this.#opaque(end + 1, 'matter');
  }
}

/** Tells code, comments, quotations and headings from what may hold a box. Linear in the length of the text. */
export const blocksOf = (lines: readonly Line[]): Blocks => {
  const reader = new BlockReader(lines);
  reader.read();
  return { blocks: reader.blocks, fences: reader.fences, unclosed: reader.unclosed };
};
