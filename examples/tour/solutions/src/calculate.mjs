import { evaluate } from './evaluator.mjs';
import { format } from './format.mjs';
import { parse } from './parser.mjs';
import { tokensOf } from './tokens.mjs';

/** `1 + 2` in, `3` out; throws an error with one line for a person. */
export const calculate = (text) => format(evaluate(parse(tokensOf(text))));
