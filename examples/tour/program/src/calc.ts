import { evaluate } from './evaluator.ts';
import { parse } from './parser.ts';
import { tokenize } from './tokenizer.ts';

const expression = process.argv.slice(2).join(' ');
if (expression === '' || expression === '--help') {
  console.log('usage: calc EXPRESSION    e.g. calc "1 + 2 * (3 - 4)"');
} else {
  console.log(evaluate(parse(tokenize(expression))));
}
