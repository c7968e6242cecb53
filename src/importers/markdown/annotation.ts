import { isDependsWord, isRequirementWord } from './words.ts';

/** A line such as `_Requirements: 1.1, 1.2_`: a word and what it refers to. */
export interface Annotation {
  readonly line: number;
  readonly word: string;
  readonly text: string;
  readonly kind: 'depends' | 'requirements' | 'reference';
  /** Bold ones are prose as often as not: `**Dependencies**: lodash`. */
  readonly emphasis: 'italic' | 'bold';
}

/** Longer lines are prose. */
const LONGEST = 4000;
const LONGEST_WORD = 60;

/** `_Word: text_`, `*Word: text*`, `_Word_: text`, and the same in bold. What follows the last mark is left out. */
const ANNOTATION = /^(?:[-*+][ \t]+)?(\*\*|__|_|\*)(?![\s*_])(.*)$/s;

const parted = (text: string): readonly [word: string, rest: string] | null => {
  const colon = /[:：]/.exec(text.slice(0, LONGEST_WORD + 3));
  return colon === null ? null : [text.slice(0, colon.index), text.slice(colon.index + 1)];
};

/** Everything up to the mark that closes the emphasis; all of it where none does. */
const upTo = (text: string, mark: string): string => {
  const end = text.lastIndexOf(mark);
  return end < 0 ? text : text.slice(0, end);
};

const LONGEST_LIST = 200;

/** `1.1, FR-2、3`, and neither paths nor sentences. */
const isListOfIds = (text: string): boolean =>
  text.length <= LONGEST_LIST && partsOf(text).length > 0 && partsOf(text).every((part) => /^[\p{L}-]{0,8}[ -]?\d[\w.–~〜-]*(?: ?[(（].*)?$/u.test(part));

const kindOf = (word: string, text: string, mark: string): Annotation['kind'] => {
  if (isDependsWord(word)) return 'depends';
  if (isRequirementWord(word)) return 'requirements';
  // A word of a language that is not known, with nothing but numbers behind it, refers to requirements most likely.
  return mark.length === 1 && isListOfIds(text) ? 'requirements' : 'reference';
};

/** Reads one line below a box; `null` for anything that is no annotation. */
export const annotationOf = (line: number, written: string): Annotation | null => {
  if (written.length > LONGEST) return null;
  const match = ANNOTATION.exec(written.trim());
  if (match?.[1] === undefined) return null;
  const mark = match[1];
  const parts = parted(match[2] ?? '');
  if (parts === null) return null;
  const [before, after] = parts;
  // The emphasis may end before the colon: `**Word**: text`.
  const isWordAlone = before.endsWith(mark);
  const word = (isWordAlone ? before.slice(0, -mark.length) : before).trim();
  if (word === '' || word.includes(mark)) return null;
  const rest = after.trim();
  const text = isWordAlone ? rest : upTo(rest.startsWith(mark) ? rest.slice(mark.length) : rest, mark);
  const emphasis = mark.length === 2 ? 'bold' : 'italic';
  return { line, word, text: text.trim(), kind: kindOf(word, text.trim(), mark), emphasis };
};

/** `1.1, 1.2`, `1.1、1.2` and so on, each once. */
export const partsOf = (text: string): readonly string[] => [
  ...new Set(text.split(/[,，、;；]/).map((part) => part.trim()).filter((part) => part !== '')),
];
