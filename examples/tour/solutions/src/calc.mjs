import { calculate } from './calculate.mjs';

const expression = process.argv.slice(2).join(' ');
try {
  console.log(expression === '' ? 'usage: calc EXPRESSION    e.g. calc "6 * 7"' : calculate(expression));
} catch (error) {
  console.error(`calc: ${error.message}`);
  process.exitCode = 1;
}
