import type { Expression } from './parser.ts';

/** The value of an expression. */
export const evaluate = (expression: Expression): number => {
  if (expression.kind === 'number') return expression.value;
  const left = evaluate(expression.left);
  const right = evaluate(expression.right);
  switch (expression.operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    default:
      return left / right;
  }
};
