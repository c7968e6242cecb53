/**
 * `npm run dispatcher -- ARGS`: the command line of this clone, in this very process, so that signals
 * and the exit code are the CLI's own, and in the folder from which npm was called.
 */
import { enableCompileCache } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import './single-signal.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
enableCompileCache(join(root, 'node_modules', '.cache', 'node-compile'));
if (process.env['INIT_CWD']) process.chdir(process.env['INIT_CWD']);
await import('../../src/cli/main.ts');
