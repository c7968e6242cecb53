import { readFileSync, writeFileSync } from 'node:fs';
import { calculate } from '../src/calculate.mjs';
import { OPERATORS } from '../src/operators.mjs';

const examples = Object.keys(JSON.parse(readFileSync('test/examples.json', 'utf8')));
const lines = [
  '# Manual',
  '',
  '    node dist/calc.mjs EXPRESSION',
  '',
  `Operators: ${[...OPERATORS.keys()].map((operator) => `\`${operator}\``).join(' ')}, and brackets.`,
  '',
  '| expression | answer |',
  '| --- | --- |',
  ...examples.map((expression) => `| \`${expression}\` | ${calculate(expression)} |`),
  '',
];
writeFileSync('MANUAL.md', lines.join('\n'));
console.log(`MANUAL.md: ${examples.length} examples, each of them worked out`);
