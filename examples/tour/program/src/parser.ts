import type { Token } from './tokenizer.ts';

/** An expression as a tree. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression };

const BINDING: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2 };

/** Precedence climbing: `*` and `/` bind tighter than `+` and `-`, all to the left. */
export const parse = (tokens: readonly Token[]): Expression => {
  let at = 0;
  const primary = (): Expression => {
    const token = tokens[at];
    at += 1;
    if (token === undefined) throw new SyntaxError('unexpected end');
    if (token.kind === 'number') return token;
    if (token.text !== '(') throw new SyntaxError(`unexpected ${token.text}`);
    const inner = climb(1);
    const closing = tokens[at];
    at += 1;
    if (closing?.kind !== 'operator' || closing.text !== ')') throw new SyntaxError('missing )');
    return inner;
  };
  const climb = (least: number): Expression => {
    let left = primary();
    for (;;) {
      const token = tokens[at];
      const binding = token?.kind === 'operator' ? (BINDING[token.text] ?? 0) : 0;
      if (token?.kind !== 'operator' || binding < least) return left;
      at += 1;
      left = { kind: 'binary', operator: token.text, left, right: climb(binding + 1) };
    }
  };
  const whole = climb(1);
  if (at < tokens.length) throw new SyntaxError('something is left over');
  return whole;
};
