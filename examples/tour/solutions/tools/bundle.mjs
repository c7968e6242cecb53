import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

/** In an order in which each finds what it needs above itself. */
const MODULES = ['tokens', 'operators', 'format', 'parser', 'evaluator', 'calculate', 'calc'];

const bodyOf = (name) =>
  readFileSync(`src/${name}.mjs`, 'utf8')
    .replaceAll(/^import .*\n/gm, '')
    .replaceAll(/^export /gm, '')
    .trim();

mkdirSync('dist', { recursive: true });
const program = `#!/usr/bin/env node\n${MODULES.map(bodyOf).join('\n\n')}\n`;
writeFileSync('dist/calc.mjs', program, { mode: 0o755 });
console.log(`dist/calc.mjs: ${MODULES.length} modules, ${program.length} characters`);
