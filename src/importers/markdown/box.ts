import { boxTextOf, type BoxText } from './box-text.ts';
import type { Line } from './lines.ts';
import type { BoxMark } from './plan.ts';

/** A box as its line says it, before it is known where it belongs. */
export interface WrittenBox extends BoxText {
  readonly line: Line;
  readonly mark: BoxMark;
  /** Of the character inside the brackets. */
  readonly column: number;
}

const MARKS: Readonly<Record<string, BoxMark>> = { ' ': 'open', x: 'done', X: 'done', '-': 'begun', '~': 'queued' };

/** `- [ ] `, `1. [x] `, `* [-]* `, `-* [ ] `, `- *[ ] `, `- [ ]\* `. */
const BOX = /^([ \t]*(?:[-*+]|\d{1,9}[.)]))(\\?\*)?[ \t]+(\\?\*)?\[([ xX~-])\](\\?\*(?!\*))?(?![[(:])(.*)$/s;

/** Only states and what is taken for one: `[API]` and `[a link](…)` are text. */
const NO_STATE = String.raw`\s*|\s+[xX]\s*|[xX]\s+|\s*[✓✔✅☑√×✗✘vVoO*]️?\s*|[ xX~-]|\s*(?:done|todo|wip|ok|完了|未完了|完成)\s*`;
const NEARLY = [
  // A bullet, and in the box what no reader of check lists knows.
  new RegExp(String.raw`^\s*(?:[-*+•‣●○–—·・]|\d{1,9}[.)])?\s*\**\\?[[［](?:${NO_STATE})\\?[\]］](?!\()`, 'iu'),
  // States of other programs: [/], [>], [!].
  /^\s*(?:[-*+]|\d{1,9}[.)])\s+\[[^\p{L}\p{N}\s[\]^]\](?=\s|$)/u,
  // A list of single letters is nobody's text either.
  /^\s*(?:[-*+]|\d{1,9}[.)])\s+\[\p{L}\](?=\s)/u,
] as const;

/** Bullets are short: what is looked at to tell whether something was meant to be a box. */
const HEAD = 200;

/** @param next see `takeNumber` */
export const boxOf = (line: Line, next: number | null): WrittenBox | null => {
  const match = BOX.exec(line.text);
  if (match === null) return null;
  const [, marker = '', starredBullet, starBefore, state = '', starAfter, rest = ''] = match;
  const column = line.text.indexOf('[', marker.length) + 1;
  const text = boxTextOf(rest, next);
  const optional = [starredBullet, starBefore, starAfter].some((star) => star !== undefined) || text.optional;
  return { ...text, optional, line, mark: MARKS[state] ?? 'open', column };
};

/** Whether a line that is no box was most likely meant to be one. */
export const isNearlyBox = ({ text, indent }: Line): boolean => {
  const head = text.trimStart().slice(0, HEAD);
  return indent < HEAD && head !== '' && NEARLY.some((pattern) => pattern.test(head));
};

/** Any list item. */
export const isBullet = ({ text }: Line): boolean => /^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]/.test(text);
