// Compiles one module of the program: takes its types away and points its imports at the results.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

const [name] = process.argv.slice(2);
const { PROGRAM, WORKSHOP } = process.env;
const source = readFileSync(`${PROGRAM}/src/${name}.ts`, 'utf8');
const compiled = stripTypeScriptTypes(source).replaceAll(/from '(\.\/\w+)\.ts'/g, "from '$1.js'");
mkdirSync(`${WORKSHOP}/dist`, { recursive: true });
writeFileSync(`${WORKSHOP}/dist/${name}.js`, compiled);
writeFileSync(`${WORKSHOP}/dist/package.json`, '{ "type": "module" }\n');
console.log(`compiled ${name}: ${source.length} characters in, ${compiled.length} out`);
