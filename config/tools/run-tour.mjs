/** `npm start`: the tour, in this very process, so that signals and the exit code are its own. */
import { enableCompileCache } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import './single-signal.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
enableCompileCache(join(root, 'node_modules', '.cache', 'node-compile'));
await import('../../examples/tour/tour.ts');
