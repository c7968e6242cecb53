import { err, ok, type Result } from '../result.ts';
import { isWord, Malformed, Parser, type Node, type Position, type Test } from './pattern-syntax.ts';

/**
 * Regular expressions that cannot be made to take long: run by counting through all states at once, as in
 * Thompson (1968), so that the time is at most length of the text × size of the pattern. JavaScript's own
 * go back and try again, and one unlucky line would hold up the whole dispatcher for years.
 *
 * Known: characters, `.`, `[a-z]`, `[^a-z]`, `\d \w \s` and their opposites, `\b`, `\t`, `( )`, `(?: )`,
 * `|`, `* + ?`, `{n}`, `{n,m}`, `{n,}`, `^` and `$`. Not known: what looks around or back.
 */
export interface LinePattern {
  readonly source: string;
  /** Whether it is found anywhere in this line. */
  matches(line: string): boolean;
}

/** Characters of a pattern, and states it may come to. */
const LONGEST = 200;
const MOST_STATES = 2000;

/** One state: takes a character, or goes on without one. */
type State =
  | { readonly kind: 'char'; readonly test: Test; next: number }
  | { readonly kind: 'at'; readonly position: Position; next: number }
  | { readonly kind: 'split'; next: number; other: number }
  | { readonly kind: 'found' };

class Program {
  readonly states: State[] = [];

  /** Appends what leads from here through the node; the state to go on to is the next one appended. */
  add(node: Node): void {
    switch (node.kind) {
      case 'char':
        this.#push({ kind: 'char', test: node.test, next: this.states.length + 1 });
        return;
      case 'at':
        this.#push({ kind: 'at', position: node.position, next: this.states.length + 1 });
        return;
      case 'sequence':
        for (const part of node.parts) this.add(part);
        return;
      case 'choice':
        return this.#addChoice(node.parts);
      case 'repeat':
        return this.#addRepeat(node.part, node.from, node.to);
    }
  }

  #push<T extends State>(state: T): T {
    if (this.states.length >= MOST_STATES) throw new Malformed('repetitions that multiply beyond measure');
    this.states.push(state);
    return state;
  }

  #split(): { next: number; other: number } {
    const here = this.states.length;
    return this.#push({ kind: 'split', next: here + 1, other: here + 1 });
  }

  #addChoice([first, ...others]: readonly Node[]): void {
    if (first === undefined) return;
    if (others.length === 0) return this.add(first);
    const fork = this.#split();
    this.add(first);
    const over = this.#split();
    fork.other = this.states.length;
    this.#addChoice(others);
    over.next = this.states.length;
    over.other = this.states.length;
  }

  #addRepeat(part: Node, from: number, to: number): void {
    for (let i = 0; i < from; i += 1) this.add(part);
    if (to === Infinity) {
      const loop = this.#split();
      const start = this.states.length - 1;
      this.add(part);
      const back = this.#split();
      back.next = start;
      back.other = start;
      loop.other = this.states.length;
      return;
    }
    const forks: { other: number }[] = [];
    for (let i = from; i < to; i += 1) {
      forks.push(this.#split());
      this.add(part);
    }
    for (const fork of forks) fork.other = this.states.length;
  }
}

const holds = (position: Position, line: string, at: number): boolean => {
  switch (position) {
    case 'start':
      return at === 0;
    case 'end':
      return at === line.length;
    case 'boundary':
      return isWord(line.charAt(at - 1)) !== isWord(line.charAt(at));
  }
};

/** All states that can be reached from these without a character. True if that is the end. */
const follow = (states: readonly State[], from: number[], reached: Set<number>, line: string, at: number): boolean => {
  for (let index = from.pop(); index !== undefined; index = from.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    const state = states[index];
    if (state === undefined || state.kind === 'found') return true;
    if (state.kind === 'split') from.push(state.next, state.other);
    if (state.kind === 'at' && holds(state.position, line, at)) from.push(state.next);
  }
  return false;
};

const run = (states: readonly State[], line: string): boolean => {
  let waiting: number[] = [];
  for (let at = 0; at <= line.length; at += 1) {
    const reached = new Set<number>();
    // It may begin anywhere.
    if (follow(states, [...waiting, 0], reached, line, at)) return true;
    const char = line.charAt(at);
    waiting = [];
    if (at === line.length) return false;
    for (const index of reached) {
      const state = states[index];
      if (state?.kind === 'char' && state.test(char)) waiting.push(state.next);
    }
  }
  return false;
};

/**
 * Reads a pattern. Characters are those of UTF-16, as in JavaScript without the flag `u`.
 *
 * @returns the error says what in it is not understood
 * @example linePattern('rate.?limit|429', true) // matches "Rate limit exceeded"
 */
export const linePattern = (source: string, ignoreCase = false): Result<LinePattern, string> => {
  if (source === '') return err('a pattern of at least one character');
  if (source.length > LONGEST) return err(`a pattern of at most ${LONGEST} characters`);
  try {
    const program = new Program();
    program.add(new Parser(source, ignoreCase).whole());
    const states: readonly State[] = [...program.states, { kind: 'found' }];
    return ok({ source, matches: (line) => run(states, line) });
  } catch (error) {
    if (error instanceof Malformed) return err(`a pattern; this one has ${error.message}`);
    throw error;
  }
};
