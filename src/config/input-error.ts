/** One thing wrong with what a person wrote. */
export interface InputError {
  /** As the person named it, or absolute. */
  readonly file: string;
  /** Counted from 1; `null` where the whole file is meant. */
  readonly line: number | null;
  /** Where in the document, such as `tasks[3].dependencies[0]`; empty for the whole of it. */
  readonly path: string;
  /** One line: what was found; what was expected; how to mend it. */
  readonly message: string;
}

const SHOWN = 10;

/** Control characters, line separators and lone surrogates: they would break the line or the terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A stranger's text inside a message: on one line, printable, and not longer than `longest`. */
export const legible = (text: string, longest = 60): string => {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replaceAll(UNPRINTABLE, (char) => {
    const code = char.codePointAt(0) ?? 0;
    if (char === '\n') return '\\n';
    if (char === '\t') return '\\t';
    return `\\u{${code.toString(16)}}`;
  });
};

/** The same in double quotes. */
export const quoted = (text: string, longest = 60): string => `"${legible(text, longest)}"`;

/** `FILE:LINE: PATH: message`, without what is not known. Always one line. */
export const formatInputError = (error: InputError): string => {
  const place = error.line === null ? error.file : `${error.file}:${error.line}`;
  return [legible(place, 4096), legible(error.path, 400), legible(error.message, 4096)]
    .filter((part) => part !== '')
    .join(': ');
};

/** The first ten, one line each, and how many more there are. */
export const formatInputErrors = (errors: readonly InputError[]): readonly string[] => {
  const lines = errors.slice(0, SHOWN).map(formatInputError);
  return errors.length > SHOWN ? [...lines, `and ${errors.length - SHOWN} more`] : lines;
};
