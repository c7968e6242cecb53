import { OPERATORS } from './operators.mjs';

/** A number, or `{operator, left, right}`: everything from the left to the right. */
export const parse = (tokens) => {
  let tree = tokens[0];
  for (let at = 1; at < tokens.length; at += 2) {
    if (!OPERATORS.has(tokens[at])) throw new SyntaxError(`expected an operator, not "${tokens[at]}"`);
    tree = { operator: tokens[at], left: tree, right: tokens[at + 1] };
  }
  return tree;
};
