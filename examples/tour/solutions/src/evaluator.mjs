import { OPERATORS } from './operators.mjs';

/** The value of a tree: of a number itself, of an operator what it makes of both sides. */
export const evaluate = (tree) => {
  if (typeof tree === 'number') return tree;
  const { operator, left, right } = tree;
  return OPERATORS.get(operator).apply(evaluate(left), evaluate(right));
};
