import { OPERATORS } from './operators.mjs';

/** Precedence climbing over tokens: a number, or `{operator, left, right}`. */
export const parse = (tokens) => {
  let at = 0;
  const take = () => {
    if (at === tokens.length) throw new SyntaxError('something is missing at the end');
    at += 1;
    return tokens[at - 1];
  };
  const value = () => {
    const token = take();
    if (typeof token === 'number') return token;
    if (token === '-') return { operator: '*', left: -1, right: climb(OPERATORS.get('^').binding) };
    if (token !== '(') throw new SyntaxError(`expected a number, not "${token}"`);
    const inner = climb(1);
    if (tokens[at] !== ')') throw new SyntaxError('a bracket is not closed');
    at += 1;
    return inner;
  };
  const climb = (least) => {
    let left = value();
    for (;;) {
      const operator = tokens[at];
      const { binding, toTheRight } = OPERATORS.get(operator) ?? { binding: 0, toTheRight: false };
      if (binding < least) return left;
      at += 1;
      left = { operator, left, right: climb(toTheRight ? binding : binding + 1) };
    }
  };
  const tree = climb(1);
  if (at < tokens.length) throw new SyntaxError(`expected an operator, not "${tokens[at]}"`);
  return tree;
};
