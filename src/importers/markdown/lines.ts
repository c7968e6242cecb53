/** One line of a text, without its end. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
  /** Columns of white space before the first character; a tab goes on to the next multiple of four. */
  readonly indent: number;
  readonly isBlank: boolean;
}

const TAB = 4;

/** Columns of the white space at the start of a text. */
export const indentOf = (text: string): number => {
  let column = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === ' ') column += 1;
    else if (text[i] === '\t') column += TAB - (column % TAB);
    else break;
  }
  return column;
};

/** The text with up to so many columns of white space taken from its start. */
export const dedent = (text: string, columns: number): string => {
  let column = 0;
  let i = 0;
  for (; i < text.length && column < columns; i += 1) {
    if (text[i] === ' ') column += 1;
    else if (text[i] === '\t') column += TAB - (column % TAB);
    else break;
  }
  return text.slice(i);
};

/** Lines end with LF, CR LF or CR, as CommonMark says. */
export const linesOf = (text: string): readonly Line[] =>
  text
    .split(/\r\n|\n|\r/)
    .map((line, i) => ({ number: i + 1, text: line, indent: indentOf(line), isBlank: line.trim() === '' }));
