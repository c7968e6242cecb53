/** What stands after a box: `1.1* (P) Title`. */
export interface BoxText {
  /** Normalised: no full stop at its end, no word before it; `null` when there is none. */
  readonly id: string | null;
  readonly title: string;
  readonly optional: boolean;
  readonly parallel: boolean;
}

/** Longer numbers are no numbers. */
const LONGEST_ID = 60;

/** `*`, and what an editor that escapes it makes of it. */
const STAR = String.raw`(?:\\?\*)`;
const WORD = String.raw`(?:(?:task|タスク|任务|任務|задача|tarea|tarefa|aufgabe|tâche|작업)[  ]?#?)`;
const SEPARATOR = String.raw`[.．。、:：)）]`;
const PARTS = String.raw`\d+(?:[.．]\d+)+[a-h]?`;

/** Number and title need no space between them in scripts that use none. */
const AFTER = String.raw`(?=\s|$|[*\\(（\[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}])`;

/** `1.1`, `1.1.`, `1.1*`, `1.2a:`, with or without a word before it. */
const DOTTED = new RegExp(`^${WORD}?(${PARTS})(${STAR})?${SEPARATOR}?(${STAR})?${AFTER}`, 'iu');
/** A number without parts needs a separator or a word: `3 retries` is a title. */
const SINGLE = new RegExp(
  `^(?:${WORD}(\\d+[a-h]?)${SEPARATOR}?|(\\d+[a-h]?)${STAR}?${SEPARATOR})(${STAR})?${AFTER}`,
  'iu',
);
const BARE = /^(\d+)(\\?\*)?(?=\s|$)/;
/** `T001` as GitHub's spec-kit writes it, `T1:`, `T1.2`, `TASK-12`. */
const LETTERED = new RegExp(
  String.raw`^(T\d{3,6}|T\d+(?:\.\d+)+|T\d{1,6}(?=[.:)])|TASK-\d+)(?:\\?\*)?[.:)]?(?:\\?\*)?` + AFTER,
  'u',
);

const PARALLEL = /^[(（[]P[)）\]](?=\s|$|[^\p{L}\p{N}])\s*/u;
const PARALLEL_AT_END = /\s*[(（]P[)）]\s*$/;
const STAR_AT_END = /\s\\?\*\s*$/;

interface Numbered {
  readonly id: string;
  readonly starred: boolean;
  readonly rest: string;
}

const normalised = (id: string): string => id.replaceAll('．', '.');

/**
 * Takes the number off a text.
 *
 * @param next the number that would come next where numbers stand without a full stop: `2` after `1 Set up`
 */
export const takeNumber = (text: string, next: number | null): Numbered | null => {
  const head = text.slice(0, 2 * LONGEST_ID);
  const match = DOTTED.exec(head) ?? SINGLE.exec(head) ?? LETTERED.exec(head);
  if (match !== null) {
    const found = match.slice(1).find((part) => part !== undefined && /\d/.test(part)) ?? '';
    if (found.length > LONGEST_ID) return null;
    return { id: normalised(found), starred: match[0].includes('*'), rest: text.slice(match[0].length) };
  }
  const bare = BARE.exec(head);
  if (bare === null || bare[1] === undefined || Number(bare[1]) !== next) return null;
  return { id: bare[1], starred: bare[2] !== undefined, rest: text.slice(bare[0].length) };
};

/** The same without one pair of emphasis at its beginning or around all of it: `**1.1** Title`, `**1.1 Title**`. */
const withoutEmphasis = (text: string): string => {
  const end = text.startsWith('**') ? text.indexOf('**', 2) : -1;
  return end < 0 ? text : `${text.slice(2, end)}${text.slice(end + 2)}`;
};

/** An HTML comment within the line says nothing. */
const withoutComments = (text: string): string => {
  let kept = '';
  let from = 0;
  for (;;) {
    const start = text.indexOf('<!--', from);
    const end = start < 0 ? -1 : text.indexOf('-->', start + 4);
    if (end < 0) return kept + text.slice(from);
    kept += text.slice(from, start);
    from = end + 3;
  }
};

/** `*all of it in italics*`: such a star marks nothing. */
const isItalic = (text: string): boolean => /^\*[^*\s][^*]*\*$/.test(text);

/** @param next see {@link takeNumber} */
export const boxTextOf = (written: string, next: number | null): BoxText => {
  let text = withoutComments(written).replaceAll(/\s+/g, ' ').trim();
  let optional = false;
  if (isItalic(text)) text = text.slice(1, -1);
  const before = /^\\?\*(?!\*)\s*/.exec(text);
  if (before !== null) {
    optional = true;
    text = text.slice(before[0].length);
  }
  const numbered = takeNumber(withoutEmphasis(text), next);
  let title = (numbered === null ? withoutEmphasis(text) : numbered.rest).trim();
  if (numbered?.starred === true) optional = true;
  let parallel = false;
  for (const [pattern, isParallel] of [
    [PARALLEL, true],
    [PARALLEL_AT_END, true],
    [STAR_AT_END, false],
  ] as const) {
    if (!pattern.test(title)) continue;
    title = title.replace(pattern, '').trim();
    if (isParallel) parallel = true;
    else optional = true;
  }
  return { id: numbered?.id ?? null, title: title.replace(/^[-–—:：] /, '').trim(), optional, parallel };
};
