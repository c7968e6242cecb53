/** What a pattern says, before it is made into states. */

export type Test = (char: string) => boolean;
export type Position = 'start' | 'end' | 'boundary';

export type Node =
  | { readonly kind: 'char'; readonly test: Test }
  | { readonly kind: 'at'; readonly position: Position }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly from: number; readonly to: number };

const MOST_REPEATS = 100;

const isDigit: Test = (c) => c >= '0' && c <= '9';
export const isWord: Test = (c) => isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c === '_';
const isSpace: Test = (c) => /\s/.test(c);
const not =
  (test: Test): Test =>
  (c) =>
    !test(c);

const CLASSES: Readonly<Record<string, Test>> = {
  d: isDigit,
  D: not(isDigit),
  w: isWord,
  W: not(isWord),
  s: isSpace,
  S: not(isSpace),
};

/** What is wrong with a pattern: thrown and caught in this folder alone. */
export class Malformed extends Error {}

/** Reads a pattern; throws {@link Malformed}. */
export class Parser {
  readonly #text: string;
  readonly #ignoreCase: boolean;
  #at = 0;

  constructor(text: string, ignoreCase: boolean) {
    this.#text = text;
    this.#ignoreCase = ignoreCase;
  }

  whole(): Node {
    const node = this.#choice();
    if (this.#at < this.#text.length) throw new Malformed('a ")" without its "("');
    return node;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #take(): string {
    const char = this.#peek();
    this.#at += 1;
    return char;
  }

  #choice(): Node {
    const parts = [this.#sequence()];
    while (this.#peek() === '|') {
      this.#take();
      parts.push(this.#sequence());
    }
    return { kind: 'choice', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#text.length && this.#peek() !== '|' && this.#peek() !== ')') parts.push(this.#repeated());
    return { kind: 'sequence', parts };
  }

  #repeated(): Node {
    const part = this.#atom();
    const bounds = this.#bounds();
    if (bounds === null) return part;
    if (part.kind === 'at') throw new Malformed('a repetition of "^", "$" or "\\b"');
    if (this.#peek() === '?') this.#take(); // Lazy or not, it is found or it is not.
    if (this.#peek() !== '' && '*+'.includes(this.#peek())) throw new Malformed('a repetition of a repetition');
    return { kind: 'repeat', part, ...bounds };
  }

  #bounds(): { readonly from: number; readonly to: number } | null {
    switch (this.#peek()) {
      case '*':
        this.#take();
        return { from: 0, to: Infinity };
      case '+':
        this.#take();
        return { from: 1, to: Infinity };
      case '?':
        this.#take();
        return { from: 0, to: 1 };
      case '{':
        return this.#counted();
      default:
        return null;
    }
  }

  #counted(): { readonly from: number; readonly to: number } {
    const found = /^\{(\d+)(,(\d*))?\}/.exec(this.#text.slice(this.#at));
    if (found === null) throw new Malformed('a "{" that counts nothing; write "\\{" for the character');
    this.#at += found[0].length;
    const from = Number(found[1]);
    const upper = found[3] === undefined || found[3] === '' ? Infinity : Number(found[3]);
    const to = found[2] === undefined ? from : upper;
    if (from > to || from > MOST_REPEATS || (to !== Infinity && to > MOST_REPEATS)) {
      throw new Malformed(`a repetition ${found[0]}; at most ${MOST_REPEATS} times, the smaller number first`);
    }
    return { from, to };
  }

  #atom(): Node {
    const char = this.#take();
    switch (char) {
      case '.':
        return { kind: 'char', test: () => true };
      case '^':
        return { kind: 'at', position: 'start' };
      case '$':
        return { kind: 'at', position: 'end' };
      case '(':
        return this.#group();
      case '[':
        return { kind: 'char', test: this.#set() };
      case '\\':
        return this.#peek() === 'b' ? (this.#take(), { kind: 'at', position: 'boundary' }) : { kind: 'char', test: this.#escaped() };
      case '*':
      case '+':
      case '?':
      case '{':
        throw new Malformed(`a "${char}" with nothing before it; write "\\${char}" for the character`);
      default:
        return { kind: 'char', test: this.#same(char) };
    }
  }

  #group(): Node {
    if (this.#peek() === '?') {
      this.#take();
      if (this.#take() !== ':') throw new Malformed('"(?", which is known only as "(?:"');
    }
    const node = this.#choice();
    if (this.#take() !== ')') throw new Malformed('a "(" without its ")"');
    return node;
  }

  #same(char: string): Test {
    if (!this.#ignoreCase) return (c) => c === char;
    const [lower, upper] = [char.toLowerCase(), char.toUpperCase()];
    return (c) => c === lower || c === upper;
  }

  /** After a backslash. */
  #escaped(): Test {
    const char = this.#take();
    if (char === '') throw new Malformed('a "\\" at the end');
    const known = CLASSES[char];
    if (known !== undefined) return known;
    if (char === 't') return (c) => c === '\t';
    if (isWord(char)) throw new Malformed(`"\\${char}", which is not known here`);
    return (c) => c === char;
  }

  #set(): Test {
    const isOpposite = this.#peek() === '^';
    if (isOpposite) this.#take();
    const tests: Test[] = [];
    for (;;) {
      const char = this.#take();
      if (char === '') throw new Malformed('a "[" without its "]"');
      if (char === ']') break;
      if (char === '\\') tests.push(this.#escaped());
      else tests.push(this.#rangeFrom(char));
    }
    const any: Test = (c) => tests.some((test) => test(c));
    return isOpposite ? not(any) : any;
  }

  #rangeFrom(first: string): Test {
    const last = this.#text.charAt(this.#at + 1);
    if (this.#peek() !== '-' || last === ']' || last === '') return this.#same(first);
    if (last === '\\' || last < first) throw new Malformed(`a range "${first}-${last}"`);
    this.#at += 2;
    const within: Test = (c) => c >= first && c <= last;
    return this.#ignoreCase ? (c) => within(c.toLowerCase()) || within(c.toUpperCase()) : within;
  }
}
