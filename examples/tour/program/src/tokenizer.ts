/** A piece of an arithmetic expression. */
export type Token =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'operator'; readonly text: '+' | '-' | '*' | '/' | '(' | ')' };

const PIECE = /\s*(?:(\d+(?:\.\d+)?)|([-+*/()]))/y;

/** Cuts `1 + 2*3` into its pieces; throws where something is neither number nor operator. */
export const tokenize = (text: string): readonly Token[] => {
  const tokens: Token[] = [];
  const source = text.trimEnd();
  PIECE.lastIndex = 0;
  while (PIECE.lastIndex < source.length) {
    const at = PIECE.lastIndex;
    const match = PIECE.exec(source);
    if (match === null) throw new SyntaxError(`unexpected character at ${at}`);
    const [, number, operator] = match;
    tokens.push(
      number === undefined
        ? { kind: 'operator', text: operator as '+' | '-' | '*' | '/' | '(' | ')' }
        : { kind: 'number', value: Number(number) },
    );
  }
  return tokens;
};
